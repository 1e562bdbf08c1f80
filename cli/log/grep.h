/* A text anywhere in the values of a body. */
#ifndef CLI_LOG_GREP_H
#define CLI_LOG_GREP_H

#include "base/bytes.h"

/* Does any text among the values of a map, at any depth, have this in it? ASCII letters match either case. */
bool grep_map(struct bytes map, const char *text);

#endif
