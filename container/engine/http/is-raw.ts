// Whether a reader wants output as it is, secrets included; who may, the Worker decides.

export function isRaw(raw: string | undefined): boolean {
  return raw === 'true' || raw === '1';
}
