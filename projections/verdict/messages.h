/* What the doctor says: messages.def has the English texts, and a judge gives a message's name with its arguments. Who shows
 * it looks the text up by its id, translates it, and fills it in; the rules of readiness are messages too, as
 * "ready.<rule>". */
#ifndef PROJECTIONS_VERDICT_MESSAGES_H
#define PROJECTIONS_VERDICT_MESSAGES_H

#include "base/bytes.h"

enum message_key {
    MESSAGE_NONE,
#define MESSAGE(name, ...)   MESSAGE_##name,
#define MESSAGE_N(name, ...) MESSAGE_##name,
#include "projections/verdict/messages.def"
#undef MESSAGE
#undef MESSAGE_N
    MESSAGES
};

struct message {
    const char *id;
    const char *count; /* the argument that chooses between the two texts; NULL: there is one text */
    const char *one;   /* the text for a count of one; NULL without `count` */
    const char *text;  /* the text for any other */
};
extern const struct message messages[MESSAGES]; /* the first, MESSAGE_NONE, has no id and no text */

/* The message of this id, a rule of readiness included; false: there is none. */
bool message_find(struct bytes id, struct message *ret);

#define MESSAGE_ARGS_MAX 8

/* An argument: a text, or an integer. */
struct message_arg {
    const char *name;
    bool is_text;
    struct bytes text; /* borrowed */
    int64_t n;
};
/* Texts are cut, in whole characters: names to 120 bytes, words to 500. */
struct message_arg message_name(const char *name, struct bytes text);
struct message_arg message_words(const char *name, struct bytes text);
struct message_arg message_int(const char *name, int64_t n);

/* The English text for these arguments. */
const char *message_text(const struct message *message, const struct message_arg *args, size_t n);
/* Appends a text with its arguments filled in; one that is not among them is left as it is, in its braces. */
void message_fill(const char *text, const struct message_arg *args, size_t n, struct buf *out);
/* Appends a message as a map: args (those that it uses), id, words. */
void message_put(const struct message *message, const struct message_arg *args, size_t n, struct buf *out);
/* The arguments of such a map, at most MESSAGE_ARGS_MAX; returns their number. Names and texts borrow from `map`, a name
 * being copied to `names`. */
size_t message_args(struct bytes map, char names[MESSAGE_ARGS_MAX][32], struct message_arg ret[MESSAGE_ARGS_MAX]);

#endif
