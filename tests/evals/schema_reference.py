"""Reads lines {"schema":..., "value":..., "valid":...} and names those that jsonschema judges otherwise."""
import json
import sys

import jsonschema

wrong = 0
count = 0
for line in open(sys.argv[1], encoding="utf-8"):
    row = json.loads(line)
    count += 1
    valid = jsonschema.Draft202012Validator(row["schema"]).is_valid(row["value"])
    if valid != row["valid"]:
        wrong += 1
        print("jsonschema says %s: %s" % (valid, line.strip()))
print("%d compared, %d differ" % (count, wrong))
sys.exit(1 if wrong or count == 0 else 0)
