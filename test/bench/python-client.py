"""A long-lived libvirt client that a benchmark compares itself with. One command a line, one JSON answer a line; times are its own, in ms."""
import json
import sys
import time

import libvirt

libvirt.registerErrorHandler(lambda *_: None, None)
connections = {}
GROUPS = (
    libvirt.VIR_DOMAIN_STATS_STATE
    | libvirt.VIR_DOMAIN_STATS_CPU_TOTAL
    | libvirt.VIR_DOMAIN_STATS_BALLOON
    | libvirt.VIR_DOMAIN_STATS_INTERFACE
    | libvirt.VIR_DOMAIN_STATS_BLOCK
)


def answer(command):
    what = command["do"]
    if what == "open":
        connections[command["name"]] = libvirt.open(command["uri"])
        return {}
    if what == "stats":
        began = time.perf_counter()
        domains = connections[command["name"]].getAllDomainStats(GROUPS, libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT)
        return {"ms": (time.perf_counter() - began) * 1000, "domains": len(domains)}
    if what == "move":
        source, destination = connections[command["from"]], connections[command["to"]]
        domain = source.lookupByName(command["vm"])
        flags = libvirt.VIR_MIGRATE_LIVE
        if command["persistent"]:
            flags |= libvirt.VIR_MIGRATE_PERSIST_DEST | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
        began = time.perf_counter()
        domain.migrate3(destination, {libvirt.VIR_MIGRATE_PARAM_URI: command["uri"]}, flags)
        return {"ms": (time.perf_counter() - began) * 1000}
    raise ValueError(what)


for line in sys.stdin:
    try:
        print(json.dumps(answer(json.loads(line))), flush=True)
    except Exception as error:  # told to the benchmark, which ends
        print(json.dumps({"error": str(error)}), flush=True)
