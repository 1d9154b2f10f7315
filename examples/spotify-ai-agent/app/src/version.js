/** Version of the code; a release carries it on. */
export const version = "1.0.0";
