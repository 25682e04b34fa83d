import { createHash } from 'node:crypto';
import { DefaultAzureCredential } from '@azure/identity';
import { CryptographyClient, KeyClient } from '@azure/keyvault-keys';
import { SecretClient } from '@azure/keyvault-secrets';

const url = process.env.KEYVAULT_URL;
const credential = new DefaultAzureCredential();
const secrets = new SecretClient(url, credential);
await secrets.setSecret('database-password', 'correct horse battery staple');
console.log('secret:', (await secrets.getSecret('database-password')).value);

const key = await new KeyClient(url, credential).createRsaKey('signing-key', { keySize: 2048 });
const cryptography = new CryptographyClient(key.id, credential);
const digest = createHash('sha256').update('the document').digest();
const { result: signature } = await cryptography.sign('RS256', digest);
console.log('signature is good:', (await cryptography.verify('RS256', digest, signature)).result);
const sealed = await cryptography.encrypt({ algorithm: 'RSA-OAEP-256', plaintext: Buffer.from('hello') });
const opened = await cryptography.decrypt({ algorithm: 'RSA-OAEP-256', ciphertext: sealed.result });
console.log('decrypted:', Buffer.from(opened.result).toString());
