/* A text anywhere in the values of a body. */
#ifndef CLI_LOG_GREP_H
#define CLI_LOG_GREP_H

#include "base/bytes.h"

/* Does any text value of a map, at any depth, contain this? The case of ASCII letters is ignored. */
bool grep_map(struct bytes map, const char *text);

#endif
