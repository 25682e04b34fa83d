import type { FeedMessage } from '@coffer/event-sourcing';
import type { IHeaders, KafkaMessage, Message } from 'kafkajs';

/**
 * A message of the feed as a Kafka record: CloudEvents 1.0 in binary mode (Kafka protocol binding §3.2). The key is the
 * vaultId, the value the body as JSON in UTF-8; `ce_vaultseq` is the extension that carries the vaultSeq.
 */
export function toRecord(message: FeedMessage, source: string): Message {
  return {
    key: message.key,
    value: message.text ?? JSON.stringify(message.body),
    headers: {
      ce_specversion: '1.0',
      ce_id: message.id,
      ce_source: source,
      ce_type: message.type,
      ce_time: message.time,
      ce_subject: message.key,
      ...(message.seq === undefined ? {} : { ce_vaultseq: String(message.seq) }),
      'content-type': 'application/json',
      ...message.headers,
    },
  };
}

/** Throws when the record is none of ours: no key, no id or type, no JSON. */
export function fromRecord(topic: string, { key, value, headers = {} }: KafkaMessage): FeedMessage {
  const seq = header(headers, 'ce_vaultseq');
  if (key === null || value === null) throw new SyntaxError('a record without key or value');
  if (seq !== undefined && !/^[1-9]\d{0,15}$/.test(seq)) throw new SyntaxError('ce_vaultseq is no number');
  const traceparent = header(headers, 'traceparent');
  return {
    topic,
    key: key.toString('utf8'),
    id: required(headers, 'ce_id'),
    type: required(headers, 'ce_type'),
    ...(seq === undefined ? {} : { seq: Number(seq) }),
    time: required(headers, 'ce_time'),
    body: JSON.parse(value.toString('utf8')) as unknown,
    ...(traceparent === undefined ? {} : { headers: { traceparent } }),
  };
}

function required(headers: IHeaders, name: string): string {
  const value = header(headers, name);
  if (value === undefined) throw new SyntaxError(`the header ${name} is missing`);
  return value;
}

function header(headers: IHeaders, name: string): string | undefined {
  const value = headers[name];
  const first = Array.isArray(value) ? value[0] : value;
  return first === undefined ? undefined : first.toString();
}
