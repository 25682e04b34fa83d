import { Partitioners, type ICustomPartitioner } from 'kafkajs';
import { LRUCache } from 'lru-cache';

const KEYS = 10_000;

/** The library's own partitioner (that of Kafka's Java client), which would hash in big integers, but for keys that it has seen. */
export const rememberingPartitioner: ICustomPartitioner = () => {
  const choose = Partitioners.DefaultPartitioner();
  const known = new LRUCache<string, number>({ max: KEYS });
  return (args) => {
    const { key } = args.message;
    if (typeof key !== 'string') return choose(args);
    const name = `${args.partitionMetadata.length} ${key}`;
    let partition = known.get(name);
    if (partition === undefined) known.set(name, (partition = choose(args)));
    return partition;
  };
};
