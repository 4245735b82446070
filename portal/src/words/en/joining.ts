/** Roles that people are asked by mail to take. */
export const joining = {
  join: {
    title: "You are invited",
    text: "This invitation was sent to {{email}}. Accept it with an account that has this e-mail address.",
    over: "This invitation cannot be accepted, or no longer: it was accepted or taken back already, or its time is over. Ask whoever sent it for another one.",
    accept: "Accept",
    signIn: "Sign in to accept",
    register: "I have no account yet",
    done: "You have the role now.",
    approve: {
      title: "An invitation to approve",
      text: "The mail says who is to become what. Approve it, and the invitation goes out.",
      yes: "Approve",
      no: "Reject",
      approved: "Approved: the invitation is on its way.",
      rejected: "Rejected: nothing was sent.",
    },
  },
};
