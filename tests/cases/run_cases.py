#!/usr/bin/env python3
"""Holds 'regfallback explain -o json' against cases of what containerd itself answered.

usage: run_cases.py REGFALLBACK [FILE.json...] [--only ID] [-v]

Every case of every file (default: hosts_cases.json beside this script) is written to a directory and explained for every version it
names. Compared are the directory, the error, the endpoints with every field, and the resolve, manifest and layer requests. Cases that
set flags of `ctr` (host_options) are left to the unit tests: a CRI pull has no such flags. Prints "N checks, N differences" last.
"""
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
DIGEST = "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
STEPS = {"resolve": "resolve", "manifest": "fetch manifest.v1+json", "layer": "fetch layer.v1.tar+gzip"}


def write_files(case: dict, pem: dict, root: str) -> None:
    texts = {"@CERT": pem["@CERT"], "@KEY": pem["@KEY"], "@BOTH": pem["@CERT"] + pem["@KEY"], "@JUNK": "not a certificate\n"}
    for path, text in case["files"].items():
        target = pathlib.Path(root, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(texts.get(text, text).encode("utf-8", "surrogateescape"))
    for path in case.get("extra_empty_dirs", []):
        pathlib.Path(root, path).mkdir(parents=True, exist_ok=True)
    for base in case["host_roots"]:
        if ":" not in base:
            pathlib.Path(root, base).mkdir(parents=True, exist_ok=True)


def explain(binary: str, case: dict, version: str, root: str) -> dict:
    image = case.get("ref") or case["image_host"] + "/a:1"
    roots = ":".join(f"{root}/{part}" for value in case["host_roots"] for part in value.split(":"))
    command = [binary, "explain", image, "--config-path", roots, "--containerd-version", version.lstrip("v"), "-o", "json"]
    if tuple(int(part) for part in (version.lstrip("v") + ".0").replace("main", "2.4").split("-")[0].split(".")[:2]) >= (2, 1):
        command += ["--pull-mode", "local" if case["roots_split_on_colon"] else "transfer"]
    for rule in case.get("fake_status_rules", ["*=404"]):
        command += ["--assume", rule]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"exit {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def header_difference(wanted: dict, got: dict) -> bool:
    if wanted.keys() != got.keys():
        return True
    return any(len(wanted[name]) != len(got[name]) or (not got[name][0].startswith("<secret") and wanted[name] != got[name])
               for name in wanted if wanted[name])


def endpoint_differences(wanted: dict, got: dict, keep_referrers: bool) -> list[str]:
    capabilities = [c for c in got["capabilities"] if keep_referrers or c != "referrers"]
    found = []
    for key in ("scheme", "host", "path", "http_fallback", "skip_verify", "ca", "client", "dial_timeout"):
        if wanted[key] != got[key]:
            found.append(f"{key}: {wanted[key]!r} expected, {got[key]!r} said")
    if wanted["capabilities"] != capabilities:
        found.append(f"capabilities: {wanted['capabilities']} expected, {capabilities} said")
    if header_difference(wanted["header"], got["headers"]):
        found.append(f"headers: {wanted['header']} expected, {got['headers']} said")
    if "header_sent_to_token_server" in wanted and wanted["header_sent_to_token_server"] != got["headers_sent_to_token_server"]:
        found.append("headers_sent_to_token_server")
    return found


def differences(case: dict, wanted: dict, got: dict, root: str) -> list[str]:
    wanted = json.loads(json.dumps(wanted).replace("${ROOT}", root))
    found = []
    if wanted.get("dir") != got["hosts_dir"]:
        found.append(f"hosts_dir: {wanted.get('dir')} expected, {got['hosts_dir']} said")
    message = got["error"]["message"] if got["error"] else None
    if wanted.get("error") != message:
        found.append(f"error: {wanted.get('error')!r} expected, {message!r} said")
    if "hosts_toml_error" in wanted and not any(item["path"].endswith("/hosts.toml") for item in got["ignored"]):
        found.append("the dropped hosts.toml is not among the ignored")
    hosts = wanted.get("hosts", [])
    if len(hosts) != len(got["endpoints"]):
        found.append(f"endpoints: {[h['host'] for h in hosts]} expected, {[e['host'] for e in got['endpoints']]} said")
    else:
        for number, (host, endpoint) in enumerate(zip(hosts, got["endpoints"]), 1):
            found += [f"endpoint {number}: {text}" for text in
                      endpoint_differences(host, endpoint, case["id"] == "up-parse-referrers")]
    if "requests" in wanted:
        said = [f"{STEPS[r['step']]} {r['method']} {r['url'].replace('sha256:<digest>', DIGEST)}" for r in got["requests"] if r["step"] in STEPS]
        if said != wanted["requests"]:
            found.append("requests:\n    expected\n      " + "\n      ".join(wanted["requests"]) + "\n    said\n      " + "\n      ".join(said))
    return found


def run_case(binary: str, case: dict, pem: dict, scratch: str) -> tuple[int, list[str]]:
    root = tempfile.mkdtemp(dir=scratch)
    write_files(case, pem, root)
    checks, found = 0, []
    for wanted in case["expected"]:
        for version in wanted["versions"]:
            checks += 1
            try:
                problems = differences(case, wanted, explain(binary, case, version, root), root)
            except (RuntimeError, ValueError) as failure:
                problems = [str(failure)]
            found += [f"{case['id']} on {version}: {problem}" for problem in problems]
    shutil.rmtree(root)
    return checks, found


def main() -> int:
    words = [word for word in sys.argv[1:] if word not in ("-v",)]
    only = words[words.index("--only") + 1] if "--only" in words else None
    if only:
        del words[words.index("--only"):words.index("--only") + 2]
    binary, files = os.path.realpath(words[0]), words[1:] or [str(HERE / "hosts_cases.json")]
    checks, found = 0, []
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        for file in files:
            document = json.loads(pathlib.Path(file).read_text())
            cases = [c for c in document["cases"] if "host_options" not in c and only in (None, c["id"])]
            for done, problems in pool.map(lambda c, p=document["pem"]: run_case(binary, c, p, scratch), cases):
                checks += done
                found += problems
    print("\n".join(found if "-v" in sys.argv else found[:40]))
    print(f"{checks} checks, {len(found)} differences")
    return 1 if found or not checks else 0


if __name__ == "__main__":
    sys.exit(main())
