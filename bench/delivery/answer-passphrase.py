"""Runs a program that asks for a passphrase on its terminal, and answers: answer-passphrase.py PASSPHRASE PROGRAM ARGUMENT…

Standard input and output stay what they are; only the controlling terminal is a pretended one, since age reads a
passphrase from nowhere else.
"""

import os
import pty
import sys

passphrase, program = sys.argv[1], sys.argv[2:]
stdin, stdout = os.dup(0), os.dup(1)
pid, terminal = pty.fork()
if pid == 0:
    os.dup2(stdin, 0)
    os.dup2(stdout, 1)
    os.execvp(program[0], program)
os.close(stdin)
os.close(stdout)
asked = b""
while True:
    try:
        said = os.read(terminal, 1024)
    except OSError:  # the program has closed its end
        break
    if not said:
        break
    asked += said
    if b"passphrase" in asked and asked.rstrip().endswith(b":"):
        os.write(terminal, passphrase.encode() + b"\n")
        asked = b""
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
