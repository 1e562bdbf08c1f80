/* What keeps an agent's hooks from running although they are in its settings. */
#ifndef BASE_EDIT_SILENCE_H
#define BASE_EDIT_SILENCE_H

#include "base/bytes.h"

#define EDIT_SILENCE_MAX 512

/* Is there a setting that lets no hooks of `agent` run: in its settings, which are the file at `path` and have this text, in a file
 * beside them, or in what an administrator manages below `root`? Then `why` names it. Settings that do not parse silence nothing. */
bool edit_silenced(const char *agent, const char *path, struct bytes text, const char *root, char why[EDIT_SILENCE_MAX]);

#endif
