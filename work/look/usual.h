/* Where servers of models listen unless they are told otherwise. */
#ifndef WORK_LOOK_USUAL_H
#define WORK_LOOK_USUAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/http/http.h"

struct usual {
    const char *runtime;
    uint16_t port;
};
size_t usual_count(void);
const struct usual *usual_at(size_t i);
/* NULL: nothing is known of it. */
const struct usual *usual_find(const char *runtime);
/* The address of Ollama by OLLAMA_HOST (NULL: not set), as its programs read it: a host, a port, both, or an address with a scheme.
 * A server that listens on every address is asked on this machine. A name and a password in it are left out. */
void usual_ollama(const char *host, char ret[HTTP_URL_MAX]);

#endif
