import { cidrs, count, oneOf, origin, secret, span, text } from "./kinds.ts";

/** Where machines are made. The names of OpenStack's own command line are understood too. */
export const openstack = {
  openstackUrl: origin(
    ["OPENSTACK_AUTH_URL", "OS_AUTH_URL"],
    "",
    "Keystone, `https://cloud.example.org:5000/v3`. Empty: this server makes no machines of its own.",
  ),
  openstackUser: text(["OPENSTACK_USERNAME", "OS_USERNAME"], "", "Its user, with OPENSTACK_PASSWORD and OPENSTACK_PROJECT."),
  openstackPassword: secret(["OPENSTACK_PASSWORD", "OS_PASSWORD"], "", "The password of that user."),
  openstackUserDomain: text(["OPENSTACK_USER_DOMAIN", "OS_USER_DOMAIN_NAME"], "Default", "The domain of that user, by name."),
  openstackProject: text(["OPENSTACK_PROJECT", "OS_PROJECT_NAME"], "", "The project that machines are made in, by name."),
  openstackProjectDomain: text(
    ["OPENSTACK_PROJECT_DOMAIN", "OS_PROJECT_DOMAIN_NAME"],
    "Default",
    "The domain of that project, by name.",
  ),
  openstackCredentialId: text(
    ["OPENSTACK_APPLICATION_CREDENTIAL_ID", "OS_APPLICATION_CREDENTIAL_ID"],
    "",
    "An application credential, instead of user, password and project.",
  ),
  openstackCredentialSecret: secret(
    ["OPENSTACK_APPLICATION_CREDENTIAL_SECRET", "OS_APPLICATION_CREDENTIAL_SECRET"],
    "",
    "The secret of that application credential.",
  ),
  openstackRegion: text(["OPENSTACK_REGION", "OS_REGION_NAME"], "", "Region of the service catalogue. Empty: the first."),
  openstackInterface: oneOf("public", "internal", "admin")(
    ["OPENSTACK_INTERFACE", "OS_INTERFACE"],
    "public",
    "Which addresses of the service catalogue are used.",
  ),
  openstackCa: text(
    ["OPENSTACK_CACERT", "OS_CACERT"],
    "",
    "Certificate authority of the cloud (PEM file), besides the usual ones.",
  ),
  openstackAddresses: cidrs(
    "OPENSTACK_ADDRESSES",
    "",
    "Private addresses (CIDR, comma separated) that the cloud's services may have. Storages that users name may not have them for that.",
  ),
  openstackAnswerSeconds: count("OPENSTACK_ANSWER_SECONDS", "60", "How long the cloud may take to answer."),
  openstackMachineLife: span(
    "OPENSTACK_MACHINE_ACTIVE_DURATION",
    "1 year",
    "Life of an OpenStack machine, such as `1 year` or `90 days`.",
  ),
};
