export { loadNativeSigner, type NativeSigner, type NativeSignerOptions } from './native-signer.js';
