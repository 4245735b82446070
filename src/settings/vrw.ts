import { secret, span, text } from "./kinds.ts";

export const vrw = {
  vrwGroup: text("VRW_API_GROUP", "vrw-api", "Group whose members may use the VRW endpoints."),
  vrwUser: text("VRW_API_USER", "", "Account put into that group at start."),
  vrwPassword: secret("VRW_API_PASSWORD", "", "Its password."),
  vrwEmail: text("VRW_API_EMAIL", "", "Its mail address."),
  vrwMachineLife: span("VRW_MACHINE_ACTIVE_DURATION", "1 year", "Life of a VRW machine, such as `1 year` or `90 days`."),
};
