/** The nginx of this machine. Throws MissingError. */
export function findNginx(): Promise<string>;
