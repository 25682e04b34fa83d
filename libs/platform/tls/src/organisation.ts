/** `O` in the subject of every certificate that is made here. */
export const organisation = 'Coffer development';
