export interface PortRange {
  readonly first: number;
  readonly count: number;
}
export declare function portRange(whose?: 'programs' | 'specs'): PortRange;
export declare function portsFrom(base?: number, range?: PortRange): () => Promise<number>;
export declare function isFree(port: number): Promise<boolean>;
export declare function untilListening(port: number): Promise<void>;
