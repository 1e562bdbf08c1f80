/* The last row is Ollama's, whose servers take longest to look at. */
#include "work/look/usual.h"

#include <stdio.h>
#include <string.h>

static const struct usual all[] = {{"llama.cpp", 8080}, {"lm_studio", 1234}, {"vllm", 8000}, {"ollama", 11434}};

size_t usual_count(void) {
    return sizeof(all) / sizeof(all[0]);
}

const struct usual *usual_at(size_t i) {
    return &all[i];
}

const struct usual *usual_find(const char *runtime) {
    for (size_t i = 0; i < usual_count(); i++) {
        if (strcmp(all[i].runtime, runtime) == 0) return &all[i];
    }
    return NULL;
}

void usual_ollama(const char *told, char ret[HTTP_URL_MAX]) {
    const char *host = told != NULL ? told : "";
    bool tls = strncmp(host, "https://", 8) == 0;
    host += tls ? 8 : strncmp(host, "http://", 7) == 0 ? 7 : 0;
    size_t n = strcspn(host, "/");
    for (const char *at; (at = memchr(host, '@', n)) != NULL;) { /* a name and a password are nobody's business */
        n -= (size_t)(at + 1 - host);
        host = at + 1;
    }
    const char *end = host[0] == '[' ? memchr(host, ']', n) : host;
    const char *port = end != NULL ? memchr(end, ':', n - (size_t)(end - host)) : NULL;
    size_t n_host = port != NULL ? (size_t)(port - host) : n;
    bool any =
        n_host == 0 || (n_host == 7 && memcmp(host, "0.0.0.0", 7) == 0) || (n_host == 4 && memcmp(host, "[::]", 4) == 0);
    snprintf(ret, HTTP_URL_MAX, "%s://%.*s%.*s%s", tls ? "https" : "http", any ? 9 : (int)n_host, any ? "127.0.0.1" : host,
             port != NULL ? (int)(n - n_host) : 0, port != NULL ? port : "", port == NULL ? ":11434" : "");
}
