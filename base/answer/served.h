/* What a server of models answers about itself: which server it is, its version, its slots. Answers have no type; their members
 * identify them. Nothing is believed in an open field that is not a short word. */
#ifndef BASE_ANSWER_SERVED_H
#define BASE_ANSWER_SERVED_H

#include "base/answer/member.h"

#define SERVED_WORD 64

struct served_server {
    const char *name, *owner;
    bool serves; /* a model in its list is loaded, unless its entry says otherwise */
};
const struct served_server *served_server_find(const char *name);          /* NULL when it is unknown */
const struct served_server *served_server_of_owner(struct bytes owned_by); /* the last one when none fits */
const struct served_server *served_server_any(void);                       /* the last one */
bool served_server_is_any(const struct served_server *server);

enum served_form {
    SERVED_UNKNOWN,
    SERVED_MODELS,    /* {"object":"list","data":[...]} */
    SERVED_LMS_V0,    /* the same with what LM Studio says of each */
    SERVED_LMS_V1,    /* {"models":[{"key":...}]} */
    SERVED_PROPS,     /* llama.cpp */
    SERVED_SLOTS,     /* llama.cpp */
    SERVED_HEALTH,    /* {"status":"ok"} */
    SERVED_VERSION,   /* {"version":"0.9.1"} */
    SERVED_LOADING,   /* an error: the model is being loaded */
    SERVED_ERROR,     /* another error */
    SERVED_COMPLETION /* of a chat or a text, whole or the last piece of a stream */
};
/* Canonical items, as member_parse gives them. */
enum served_form served_classify(struct bytes raw);
struct bytes served_error_words(struct bytes map); /* of SERVED_ERROR and SERVED_LOADING */
/* Which server a list is of. */
const struct served_server *served_server_of_list(enum served_form form, struct bytes map);

struct served_about {
    char version[SERVED_WORD], build[SERVED_WORD], status[SERVED_WORD]; /* "": not stated */
    uint64_t slots, context;                                            /* of each slot; MEMBER_NONE: not stated */
    struct bytes model_path;                                            /* within the answer; empty: not stated */
};
/* What an answer says of its server, whatever its form. */
void served_read(struct bytes map, struct served_about *ret);
/* Copies a word of letters, digits and ._+-: alone; leaves `ret` as it is for anything else. */
void served_word(char ret[SERVED_WORD], struct bytes text);

#endif
