/** The comparison form of a location: clients send `West US` for `westus`. */
export function normalizeLocation(location: string): string {
  return location.toLowerCase().replace(/ /g, '');
}
