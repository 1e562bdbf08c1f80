/* What a token may do, a bit each. */
#ifndef SERVE_WEB_SCOPE_H
#define SERVE_WEB_SCOPE_H

enum {
    SCOPE_NONE = 0,
    SCOPE_READ_STATES = 1,
    SCOPE_READ_EVENTS = 2,
    SCOPE_VERIFY = 16,
};

/* "read:states" */
const char *web_scope_name(unsigned scope);

#endif
