import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { passwordProblems, usernameProblems } from "./rules.ts";

const anna = { username: "anna.visser", firstName: "Anna", lastName: "Visser", email: "a.m.visser@example.org" };
const SHORT = "This password is too short. It must contain at least 8 characters.";
const COMMON = "This password is too common.";
const NUMERIC = "This password is entirely numeric.";

describe("passwords", () => {
  it("a long unusual password has no problems", () => {
    assert.deepEqual(passwordProblems("violet-otter-paddles-9", anna), []);
  });

  it("tells every problem of a password at once, in the order old clients know", () => {
    assert.deepEqual(passwordProblems("123", anna), [SHORT, COMMON, NUMERIC]);
    assert.deepEqual(passwordProblems("x-9", anna), [SHORT]);
    assert.deepEqual(passwordProblems("83920174655", anna), [NUMERIC]);
  });

  it("knows common passwords whatever their case", () => {
    assert.deepEqual(passwordProblems("Password123", anna), [COMMON]);
    assert.deepEqual(passwordProblems("Welkom01", anna), [COMMON]);
  });

  it("refuses a password like the user name, a name or the address, whole or in part", () => {
    assert.deepEqual(passwordProblems("Anna.Visser1", anna), ["The password is too similar to the username."]);
    assert.deepEqual(passwordProblems("visservisser", { ...anna, username: "q" }), []);
    assert.deepEqual(passwordProblems("vissers99", { ...anna, username: "q", lastName: "Vissers" }), [
      "The password is too similar to the last name.",
    ]);
    assert.deepEqual(passwordProblems("examplex1", { username: "q", email: "q@example.org" }), [
      "The password is too similar to the email address.",
    ]);
  });
});

describe("user names", () => {
  it("take letters of any script, digits and @ . + - _", () => {
    for (const name of ["anna", "a.b+c@example.org", "_x-1", "Жанна", "名前"]) assert.deepEqual(usernameProblems(name), [], name);
  });

  it("take nothing else", () => {
    for (const name of ["a b", "a/b", "a:b", "", "a\n", "a<b>"])
      assert.deepEqual(usernameProblems(name), [
        "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.",
      ]);
  });

  it("have at most 150 characters", () => {
    assert.deepEqual(usernameProblems("x".repeat(150)), []);
    assert.deepEqual(usernameProblems("x".repeat(151)), ["Ensure this field has no more than 150 characters."]);
  });
});
