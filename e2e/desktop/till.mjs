export const sell = {}; export const signIn = async () => {};
