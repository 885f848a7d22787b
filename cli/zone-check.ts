export async function zoneCheck(): Promise<number> {
  return 0;
}
