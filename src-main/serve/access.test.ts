import { describe, expect, it } from 'vitest';
import { isKnownHost, isOwnOrigin, Keys } from './access.ts';

const loopback = { host: '127.0.0.1', port: 8080, secure: false, own: () => ['192.168.0.7', 'box'] };
const everywhere = { ...loopback, host: '0.0.0.0' };

describe('the Host header', () => {
  it.each(['127.0.0.1:8080', 'localhost:8080', 'LOCALHOST:8080', '[::1]:8080', 'localhost:9000', 'localhost'])(
    'of loopback is known: %s',
    (host) => {
      expect(isKnownHost(host, loopback)).toBe(true);
    },
  );

  it.each([
    undefined,
    '',
    'evil.example:8080',
    'localhost.evil.example:8080',
    '127.0.0.1.evil.example:8080',
    '192.168.0.7:8080',
    'localhost:8080@evil.example',
    'localhost:80800000',
    'evil.example/localhost:8080',
    '[::1',
    '::1:8080',
    '0.0.0.0:8080',
  ])('of any other name is not: %s', (host) => {
    expect(isKnownHost(host, loopback)).toBe(false);
  });

  it('may be any of the machine’s own where everything is listened on, with the right port only', () => {
    expect(isKnownHost('192.168.0.7:8080', everywhere)).toBe(true);
    expect(isKnownHost('BOX:8080', everywhere)).toBe(true);
    expect(isKnownHost('box.:8080', everywhere)).toBe(true);
    expect(isKnownHost('192.168.0.7:8081', everywhere)).toBe(false);
    expect(isKnownHost('192.168.0.8:8080', everywhere)).toBe(false);
    expect(isKnownHost('box', { ...everywhere, port: 80 })).toBe(true);
    expect(isKnownHost('box', { ...everywhere, port: 443 })).toBe(false);
    expect(isKnownHost('box', { ...everywhere, port: 443, secure: true })).toBe(true);
    expect(isKnownHost('studio.example:8080', { ...loopback, host: 'studio.example' })).toBe(true);
  });
});

it('may be an address that the machine got since the server began', () => {
  const addresses = ['192.168.0.7'];
  const moving = { ...everywhere, own: () => addresses };
  expect(isKnownHost('10.0.0.2:8080', moving)).toBe(false);
  addresses.push('10.0.0.2');
  expect(isKnownHost('10.0.0.2:8080', moving)).toBe(true);
});

describe('the Origin header', () => {
  it('is of this very server', () => {
    expect(isOwnOrigin('http://localhost:8080', 'localhost:8080', false)).toBe(true);
    expect(isOwnOrigin('https://localhost:8080', 'localhost:8080', true)).toBe(true);
    for (const origin of [
      undefined,
      'null',
      '',
      'http://localhost:8081',
      'https://localhost:8080',
      'http://evil.example',
      'http://localhost:8080/',
    ])
      expect(isOwnOrigin(origin, 'localhost:8080', false)).toBe(false);
  });
});

describe('the keys', () => {
  const path = 'secret-path';

  it('know what lies below their path', () => {
    const keys = new Keys(1, false, path);
    expect(['/secret-path/', '/secret-path/a/b?c=/d', '/secret-path//'].map((address) => keys.below(address))).toEqual([
      '/',
      '/a/b?c=/d',
      '//',
    ]);
    for (const other of [
      '',
      '/',
      '*',
      '/secret-path',
      '/secret-path?a=/',
      '/secret-pat/',
      '/x/secret-path/',
      'secret-path/',
      '//secret-path/',
      'http://secret-path/',
    ])
      expect(keys.below(other)).toBeUndefined();
  });

  it('are different for every server, and long', () => {
    const [one, two] = [new Keys(1, false, path), new Keys(1, false, path)];
    expect(one.token).toMatch(/^[\w-]{43}$/);
    expect(one.token).not.toBe(two.token);
    expect(one.opens(one.token)).toBe(true);
    for (const wrong of ['', two.token, one.token.slice(1), `${one.token}=`]) expect(one.opens(wrong)).toBe(false);
  });

  it('admit the cookie that was given and no other, not even the token', () => {
    const keys = new Keys(8080, false, path);
    const pair = keys.cookie.split(';')[0]!;
    expect(keys.cookie).toMatch(/^ijepa-studio-8080=[\w-]{43}; Path=\/secret-path\/; HttpOnly; SameSite=Strict$/);
    expect(new Keys(8080, true, path).cookie).toMatch(/; Secure$/);
    expect(keys.admits(pair)).toBe(true);
    expect(keys.admits(`a=b; ijepa-studio-8080=old; ${pair}`)).toBe(true);
    for (const wrong of [undefined, '', 'ijepa-studio-8080=', `ijepa-studio-8080=${keys.token}`, pair.replace('8080', '8081'), `x${pair}`])
      expect(keys.admits(wrong)).toBe(false);
  });
});
