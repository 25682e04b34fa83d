export declare function portRange(): { readonly first: number; readonly count: number };
export declare function portsFrom(base?: number): () => Promise<number>;
export declare function isFree(port: number): Promise<boolean>;
export declare function untilListening(port: number): Promise<void>;
