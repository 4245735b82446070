/** The part of npm `hawk` that is used here; the package brings no types. */
declare module "hawk" {
  export interface Credentials {
    id?: string;
    key: string;
    algorithm: "sha256";
  }
  export interface Artifacts {
    method: string;
    resource: string;
    host: string;
    port: number | string;
    ts: number | string;
    nonce: string;
    hash?: string | undefined;
    ext?: string | undefined;
    app?: string | undefined;
    dlg?: string | undefined;
  }
  interface HeaderOptions {
    credentials: Credentials;
    timestamp?: number;
    nonce?: string;
    payload?: string;
    contentType?: string;
    ext?: string;
    app?: string;
    dlg?: string;
  }
  const hawk: {
    crypto: {
      calculateMac(type: "header" | "response", credentials: Credentials, artifacts: Artifacts): string;
      calculatePayloadHash(payload: string | Buffer, algorithm: "sha256", contentType: string): string;
      calculateTsMac(ts: number, credentials: Credentials): string;
    };
    utils: { parseAuthorizationHeader(header: string): Record<string, string> };
    client: {
      header(uri: string, method: string, options: HeaderOptions): { header: string; artifacts: Artifacts };
      authenticate(
        response: { headers: Readonly<Record<string, string | string[] | undefined>> },
        credentials: Credentials,
        artifacts: Artifacts,
        options?: { payload?: string; required?: boolean },
      ): unknown;
    };
  };
  export default hawk;
}
