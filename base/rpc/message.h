/* A message of JSON-RPC 2.0, as MCP has them, opened by its parts. Everything borrows from the MessagePack of the message, which
 * base/json.h made: so there are no duplicate names in it, its text is UTF-8, and its depth is bounded. */
#ifndef BASE_RPC_MESSAGE_H
#define BASE_RPC_MESSAGE_H

#include "base/bytes.h"
#include "base/hash.h"

#define RPC_WORD_MAX 256 /* bytes of a name that is taken from a message */
#define RPC_ID_LEN   16

enum rpc_form { RPC_REQUEST, RPC_NOTICE, RPC_RESULT, RPC_ERROR };

struct rpc_message {
    enum rpc_form form;
    struct bytes id; /* the item; empty in a notice, and in an error about what could not be read */
    struct bytes method, params, result, error; /* the method's text; items, or empty */
    /* Where its message came from is the same for both sides, and ids of the client's requests mean something within it alone; 0: they
     * do so in all of the conversation. Set by whoever opened it. */
    uint64_t channel;
};

/* ERR_INVALID: it is no message, and what it lacks. */
int rpc_message_open(struct bytes mp, struct rpc_message *ret, struct err *err);
/* What pairs a request and its answer: 3 and "3" are different ids, and so are those of different channels. */
void rpc_message_id(struct bytes id, uint64_t channel, uint8_t ret[RPC_ID_LEN]);
/* The id as a word: 3, or a text as it is; a text that reads as a number is quoted. Empty: too long, or no id. */
struct bytes rpc_message_id_word(struct bytes id, char room[RPC_WORD_MAX + 3]);

/* A member of a map that is a map or list; empty when there is none. */
struct bytes rpc_member(struct bytes map, const char *name);
/* A member that is a text of 1 to RPC_WORD_MAX bytes without control characters; empty otherwise. */
struct bytes rpc_word(struct bytes map, const char *name);
/* Letters, digits, '_', '-' and '.', at most `max` of them, at least one: what may stand in a subject. */
bool rpc_is_name(struct bytes text, size_t max);

#endif
