/** The directory of Kafka's jars, fetched by Maven once per machine. Rejects with MissingError. */
export function kafkaJars(): Promise<string>;
