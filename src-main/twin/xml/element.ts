/** Text for element content and attribute values. */
export function escaped(text: string): string {
  return text.replace(/[&<>'"]/g, (sign) => `&#${sign.charCodeAt(0)};`)
}
