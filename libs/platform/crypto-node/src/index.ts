export { createCryptoProvider, type CryptoProviderOptions } from './provider.js';
