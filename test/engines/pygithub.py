"""GitHub's API as PyGithub uses it: told by its arguments where and with which token, it works on "mira/data" and prints what it saw."""

import json
import sys

from github import Github, GithubException, InputGitTreeElement

url, token = sys.argv[1:]
repository = Github(base_url=url, login_or_token=token).get_repo("mira/data")
seen = {"branch": repository.default_branch, "push": repository.permissions.push}

made = repository.create_file("by path/größe #1.txt", "Add by path", b"first", branch="main")
seen["made"] = made["content"].sha
file = repository.get_contents("by path/größe #1.txt")
seen["read"] = file.decoded_content.decode()
changed = repository.update_file(file.path, "Change by path", b"second", file.sha, branch="main")
try:
    repository.update_file(file.path, "Change what was changed", b"third", file.sha, branch="main")
except GithubException as refused:
    seen["stale"] = refused.status
seen["listed"] = sorted(one.path for one in repository.get_contents("by path"))

blob = repository.create_git_blob("AAEC", "base64")
reference = repository.get_git_ref("heads/main")
before = repository.get_git_commit(reference.object.sha)
element = InputGitTreeElement("by object/bytes", "100644", "blob", sha=blob.sha)
tree = repository.create_git_tree([element], before.tree)
commit = repository.create_git_commit("Add by object", tree, [before])
reference.edit(commit.sha)
seen["tree"] = sorted(one.path for one in repository.get_git_tree("main", recursive=True).tree)
try:
    reference.edit(before.sha)
except GithubException as refused:
    seen["backwards"] = refused.status

repository.delete_file(file.path, "Remove by path", changed["content"].sha, branch="main")
try:
    repository.get_contents(file.path)
except GithubException as refused:
    seen["gone"] = refused.status
seen["raw"] = repository.get_git_blob(blob.sha).content
print(json.dumps(seen))
