// The TypeScript SDK, as `npm run build` makes it in its folder.
export { Client, errorDetails } from '../../../sdk/typescript/dist/esm/index.js';
export { verify } from '../../../sdk/typescript/dist/esm/receiver.js';
