/* A message of MCP (JSON-RPC 2.0), opened by its parts. Everything borrows from the MessagePack of the message, which
 * base/json.h made: so there are no duplicate names in it, its text is UTF-8, and its depth is bounded. */
#ifndef CAPTURE_TAP_MESSAGE_H
#define CAPTURE_TAP_MESSAGE_H

#include "base/bytes.h"
#include "base/hash.h"

#define TAP_WORD_MAX 256 /* bytes of a name that is taken from a message */
#define TAP_ID_LEN   16

enum tap_side { TAP_CLIENT, TAP_SERVER }; /* who wrote it */

enum tap_form { TAP_REQUEST, TAP_NOTICE, TAP_RESULT, TAP_ERROR };

struct tap_message {
    enum tap_form form;
    struct bytes id; /* the item; empty in a notice, and in an error about what could not be read */
    struct bytes method, params, result, error; /* the method's text; items, or empty */
    /* Where its message came from is the same for both sides, and ids of the client's requests mean something within it alone; 0: they
     * do so in all of the conversation. Set by whoever opened it. */
    uint64_t channel;
};

/* ERR_INVALID: it is no message, and what it lacks. */
int tap_message_open(struct bytes mp, struct tap_message *ret, struct err *err);
/* What pairs a request and its answer: 3 and "3" are different ids, and so are those of different channels. */
void tap_message_id(struct bytes id, uint64_t channel, uint8_t ret[TAP_ID_LEN]);
/* The id as a word: 3, or a text as it is; a text that reads as a number is quoted. Empty: too long, or no id. */
struct bytes tap_message_id_word(struct bytes id, char room[TAP_WORD_MAX + 3]);

/* A member of a map that is a map or list; empty when there is none. */
struct bytes tap_member(struct bytes map, const char *name);
/* A member that is a text of 1 to TAP_WORD_MAX bytes without control characters; empty otherwise. */
struct bytes tap_word(struct bytes map, const char *name);
/* Letters, digits, '_', '-' and '.', at most `max` of them, at least one: what may stand in a subject. */
bool tap_is_name(struct bytes text, size_t max);

#endif
