// A writer to be killed: appends images in uneven batches, commits now and then, and says on stdout what was committed.
import { EmbeddingStore } from '../embedding-store.ts';
import { hashOf, identity, vectorsOf } from './embedding-fixtures.ts';

const store = await EmbeddingStore.openForWriting(process.argv[2]!, identity, '0.0.0');
for (let next = store.rows, batch = 1; ; batch++) {
  const images = Array.from({ length: (batch * 7) % 23 }, (_, i) => next + i);
  await store.append(images.map(hashOf), vectorsOf(images));
  next += images.length;
  if (batch % 3 === 0) {
    await store.commit();
    process.stdout.write(`${store.rows}\n`);
  }
}
