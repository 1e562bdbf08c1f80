/* Who asks, and what they may. */
#include "serve/web/scope.h"
#include "serve/web/site.h"

const char *web_scope_name(unsigned scope) {
    return scope == SCOPE_READ_STATES ? "read:states" : "read:events";
}

bool web_may(struct web *w, struct web_call *call, struct httpd_reply *reply) {
    (void)w;
    (void)call;
    (void)reply;
    return true;
}
