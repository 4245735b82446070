/**
 * The operations of the science API, by the parts of its contract. They are written down here a second time, apart from our rows, so that a
 * row that is lost or altered is found.
 */
export interface AgaveOperation {
  /** As generated clients call it: "systems.add". */
  readonly name: string;
  /** "POST /systems/v2", as programs ask; an operation on the default system has a row of its own. */
  readonly asked: string;
  /** "POST /systems/v2": method and path of the row that serves it. */
  readonly row: string;
}

const TABLE = `
tenants.list                                    GET    /tenants
tenants.get                                     GET    /tenants/{code}                                             /tenants/:tenant
clients.create                                  POST   /clients/v2
clients.list                                    GET    /clients/v2
clients.getClientByName                         GET    /clients/v2/{clientName}                                    /clients/v2/:client
clients.delete                                  DELETE /clients/v2/{clientName}                                    /clients/v2/:client
clients.listSubscriptionsForClient              GET    /clients/v2/{clientName}/subscriptions                      /clients/v2/:client/subscriptions
clients.addSubscriptionForClient                POST   /clients/v2/{clientName}/subscriptions                      /clients/v2/:client/subscriptions
clients.deleteSubscriptionsForClient            DELETE /clients/v2/{clientName}/subscriptions                      /clients/v2/:client/subscriptions
token                                           POST   /token
revoke                                          POST   /revoke
profiles.list                                   GET    /profiles/v2
profiles.get                                    GET    /profiles/v2/me                                             /profiles/v2/:username
profiles.listByUsername                         GET    /profiles/v2/{username}                                     /profiles/v2/:username
profiles.create                                 POST   /profiles/v2
profiles.update                                 PUT    /profiles/v2/{username}                                     /profiles/v2/:username
profiles.delete                                 DELETE /profiles/v2/{username}                                     /profiles/v2/:username
systems.add                                     POST   /systems/v2
systems.list                                    GET    /systems/v2
systems.get                                     GET    /systems/v2/{systemId}                                      /systems/v2/:system
systems.update                                  POST   /systems/v2/{systemId}                                      /systems/v2/:system
systems.manage                                  PUT    /systems/v2/{systemId}                                      /systems/v2/:system
systems.delete                                  DELETE /systems/v2/{systemId}                                      /systems/v2/:system
systems.history                                 GET    /systems/v2/{systemId}/history                              /systems/v2/:system/history
systems.listRoles                               GET    /systems/v2/{systemId}/roles                                /systems/v2/:system/roles
systems.updateRole                              POST   /systems/v2/{systemId}/roles                                /systems/v2/:system/roles
systems.deleteRoles                             DELETE /systems/v2/{systemId}/roles                                /systems/v2/:system/roles
systems.getRoleForUser                          GET    /systems/v2/{systemId}/roles/{username}                     /systems/v2/:system/roles/:username
systems.updateRoleForUser                       POST   /systems/v2/{systemId}/roles/{username}                     /systems/v2/:system/roles/:username
systems.deleteRoleForUser                       DELETE /systems/v2/{systemId}/roles/{username}                     /systems/v2/:system/roles/:username
systems.listCredentials                         GET    /systems/v2/{systemId}/credentials                          /systems/v2/:system/credentials
systems.updateCredentials                       POST   /systems/v2/{systemId}/credentials                          /systems/v2/:system/credentials
systems.deleteCredentials                       DELETE /systems/v2/{systemId}/credentials                          /systems/v2/:system/credentials
systems.listCredentialsForInternalUser          GET    /systems/v2/{systemId}/credentials/{internalUsername}       /systems/v2/:system/credentials/:internal
systems.updateCredentialsForInternalUser        POST   /systems/v2/{systemId}/credentials/{internalUsername}       /systems/v2/:system/credentials/:internal
systems.deleteCredentialsForInternalUser        DELETE /systems/v2/{systemId}/credentials/{internalUsername}       /systems/v2/:system/credentials/:internal
systems.listCredentialsForInternalUserByType    GET    /systems/v2/{systemId}/credentials/{internalUsername}/{credentialType}   /systems/v2/:system/credentials/:internal/:type
systems.updateCredentialsForInternalUserByType  POST   /systems/v2/{systemId}/credentials/{internalUsername}/{credentialType}   /systems/v2/:system/credentials/:internal/:type
systems.deleteCredentialsForInternalUserByType  DELETE /systems/v2/{systemId}/credentials/{internalUsername}/{credentialType}   /systems/v2/:system/credentials/:internal/:type
files.list                                      GET    /files/v2/listings/system/{systemId}/{path}                 /files/v2/listings/*
files.listOnDefaultSystem                       GET    /files/v2/listings/{path}                                   /files/v2/listings/*
files.download                                  GET    /files/v2/media/system/{systemId}/{path}                    /files/v2/media/*
files.downloadFromDefaultSystem                 GET    /files/v2/media/{path}                                      /files/v2/media/*
files.importData                                POST   /files/v2/media/system/{systemId}/{path}                    /files/v2/media/*
files.importToDefaultSystem                     POST   /files/v2/media/{path}                                      /files/v2/media/*
files.manage                                    PUT    /files/v2/media/system/{systemId}/{path}                    /files/v2/media/*
files.manageOnDefaultSystem                     PUT    /files/v2/media/{path}                                      /files/v2/media/*
files.delete                                    DELETE /files/v2/media/system/{systemId}/{path}                    /files/v2/media/*
files.deleteFromDefaultSystem                   DELETE /files/v2/media/{path}                                      /files/v2/media/*
files.getHistory                                GET    /files/v2/history/system/{systemId}/{path}                  /files/v2/history/*
files.getHistoryOnDefaultSystem                 GET    /files/v2/history/{path}                                    /files/v2/history/*
files.updatePermissions                         POST   /files/v2/pems/system/{systemId}/{path}                     /files/v2/pems/*
files.updatePermissionsOnDefaultSystem          POST   /files/v2/pems/{path}                                       /files/v2/pems/*
files.deletePermissions                         DELETE /files/v2/pems/system/{systemId}/{path}                     /files/v2/pems/*
files.listPermissions                           GET    /files/v2/pems/system/{systemId}/{path}                     /files/v2/pems/*
files.listPermissionsOnDefaultSystem            GET    /files/v2/pems/{path}                                       /files/v2/pems/*
`;

export const AGAVE_OPERATIONS: readonly AgaveOperation[] = TABLE.trim()
  .split("\n")
  .map(line => {
    const [name = "", method = "", asked = "", path = asked] = line.trim().split(/\s+/);
    return { name, asked: `${method} ${asked}`, row: `${method} ${path}` };
  });

/** Paths without anything behind them, and synonyms: served beside what the contract lists. */
export const BESIDES: readonly string[] = [
  ...["listings", "media", "history", "index", "pems"].map(service => `GET /files/v2/${service}`),
  ...["POST", "PUT", "DELETE"].map(method => `${method} /files/v2/media`),
  ...["POST", "DELETE"].map(method => `${method} /files/v2/pems`),
  "GET /files/v2/index/*",
];
