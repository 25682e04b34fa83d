export interface BrokerOptions {
  /** Holds the data; a start on the same directory goes on with them. */
  readonly directory: string;
  readonly port?: number;
  readonly controllerPort?: number;
  /** Port of a second listener, for clients behind a forward. */
  readonly secondPort?: number;
  /** The port of that forward. */
  readonly secondAdvertisedPort?: number;
  /** Passwords by user name (SCRAM-SHA-512); `admin` may do everything, others what they have been granted. */
  readonly users?: Readonly<Record<string, string>>;
  /** Every listener speaks TLS; `properties` says how, and who may do what. */
  readonly tls?: boolean;
  /** Further lines of server.properties; they win. */
  readonly properties?: string;
  readonly onLine?: (line: string) => void;
}

export interface Broker {
  readonly brokers: readonly string[];
  readonly pid: number;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/** A running broker of one node on loopback. Rejects with MissingError when Java or Maven is missing. */
export function startBroker(options: BrokerOptions): Promise<Broker>;
