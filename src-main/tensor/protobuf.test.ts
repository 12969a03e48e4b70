import { describe, expect, it } from 'vitest';
import { Message } from './protobuf.ts';

const bytes = (message: Message): number[] => [...message.finish()];

describe('a message', () => {
  it('is encoded as protobuf.dev shows it', () => {
    expect(bytes(new Message().integer(1, 150))).toEqual([0x08, 0x96, 0x01]);
    expect(bytes(new Message().text(2, 'testing'))).toEqual([0x12, 0x07, ...Buffer.from('testing')]);
    expect(bytes(new Message().message(3, new Message().integer(1, 150)))).toEqual([0x1a, 0x03, 0x08, 0x96, 0x01]);
    expect(bytes(new Message().float(4, 1))).toEqual([0x25, 0, 0, 0x80, 0x3f]);
  });

  it('holds negative and large numbers in two’s complement, names in UTF-8, and fields above 15', () => {
    expect(bytes(new Message().integer(1, -2))).toEqual([0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
    expect(bytes(new Message().integer(1, 2n ** 40n))).toEqual([0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20]);
    expect(bytes(new Message().text(20, 'é'))).toEqual([0xa2, 0x01, 0x02, 0xc3, 0xa9]);
  });

  it('may be empty', () => {
    expect(bytes(new Message())).toEqual([]);
    expect(bytes(new Message().message(1, new Message()))).toEqual([0x0a, 0x00]);
  });
});
