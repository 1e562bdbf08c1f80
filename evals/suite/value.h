/* Inside the room: values of YAML as JSON. */
#ifndef EVALS_SUITE_VALUE_H
#define EVALS_SUITE_VALUE_H

#include "base/yaml/yaml.h"

/* Appends the value as canonical MessagePack. Numbers without a fraction are integers, however they were written. ERR_INVALID:
 * a number is out of range; *ret_at is its place. */
int value_write(const struct yaml_node *node, struct buf *out, struct yaml_place *ret_at, struct err *err);

#endif
