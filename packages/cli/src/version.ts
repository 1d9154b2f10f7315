/** The version of Lotse that this is. */
export const version = "0.1.0";
