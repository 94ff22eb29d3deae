export { ApiError, call, del, get, isApiError, keepToken, post, put, sessionToken, whenSignedOut, type CallOptions } from './client';
export { explain, waitSeconds, type Explained, type Severity } from './errors';
export { uuidv7 } from './ids';
export type * from './customers';
export type * from './devices';
export type * from './payments';
export type * from './schema';
export type * from './shifts';
export type * from './taxes';
