/* Everything that needs no ledger is read and checked first; then the step is judged and written in one transaction. */
#include "cli/act/submit.h"

#include <string.h>

#include "base/crypt.h"
#include "base/obj.h"
#include "base/text.h"
#include "cli/act/preview.h"
#include "cli/act/signer.h"
#include "cli/open/open.h"
#include "cli/print/receipt.h"
#include "cli/print/say.h"
#include "ledger/event/event.h"
#include "ledger/kinds/check.h"
#include "ledger/kinds/grant.h"
#include "projections/act/checked.h"

#define KEY_BYTES 16

int submit_put(struct body *body, const char *name, const char *value, struct err *err) {
    struct obj obj = {0};
    struct buf json = {.max = 4 * EVENT_BODY_MAX};
    if (value == NULL) return 0;
    obj_text(&obj, name, value);
    int rc = obj_json(&obj, JSON_LINE, &json, err);
    if (rc == 0) rc = body_json(body, bytes_of_buf(&json), name, err);
    obj_done(&obj);
    buf_done(&json);
    return rc;
}

int submit_put_list(struct body *body, const char *name, const char *const *values, size_t n, struct err *err) {
    struct obj obj = {0}, list = {0};
    struct buf json = {.max = 4 * EVENT_BODY_MAX};
    for (size_t i = 0; i < n; i++) {
        obj_text(&list, NULL, values[i]);
    }
    obj_list(&obj, name, &list);
    int rc = obj_json(&obj, JSON_LINE, &json, err);
    if (rc == 0) rc = body_json(body, bytes_of_buf(&json), name, err);
    obj_done(&obj);
    buf_done(&json);
    return rc;
}

/* The receipt, after what the step was given. */
static int print_named(struct cli *cli, const struct submit *what, const struct log_receipt *receipt,
                       const struct log_head *head) {
    struct obj obj = {0};
    obj_text(&obj, what->name, what->value);
    receipt_put(&obj, receipt, head);
    return cli_print(cli, &obj, false);
}

static int write_step(struct cli *cli, const struct submit *what, const struct log_draft *draft) {
    struct ledger *ledger = NULL;
    struct log_receipt receipt = {0};
    struct log_head head = {0};
    struct err err = {0};
    char note[CHECKED_NOTE_MAX] = "";
    int exit_code = cli_open(cli, CLI_WRITE, &ledger);
    if (exit_code != 0) return exit_code;
    int rc = checked_append(ledger, draft, &receipt, &head, note, &err);
    if (rc == 0 && receipt.duplicate) rc = preview_same(ledger, draft, receipt.seq, &err);
    log_close(ledger);
    if (rc != 0) return cli_fail(cli, &err);
    if (receipt.duplicate) {
        cli_note(cli, "ledger: %s: event %llu already has this key: nothing was written", cli->command,
                 (unsigned long long)receipt.seq);
    }
    if (note[0] != '\0') {
        cli_note(cli, "ledger: %s: %s", cli->command, note);
    }
    return what->name != NULL ? print_named(cli, what, &receipt, &head) : receipt_print(cli, &receipt, &head);
}

static int show_step(struct cli *cli, const struct log_draft *draft) {
    struct ledger *ledger = NULL;
    bool is_new;
    int exit_code = cli_open(cli, CLI_READ, &ledger);
    if (exit_code == 0) exit_code = preview_print(cli, ledger, draft, true, &is_new);
    log_close(ledger);
    return exit_code;
}

/* A signed event needs a key of its own. */
static const char *key_of(const char *given, const struct log_author *author, char room[2 * KEY_BYTES + 1]) {
    uint8_t random[KEY_BYTES];
    if (given != NULL || author == NULL) return given;
    crypt_random(random, sizeof(random));
    text_hex(room, random, sizeof(random));
    return room;
}

int submit_step(struct cli *cli, const struct opt_args *args, const struct opt *options, const struct submit *what,
                struct body *body) {
    struct buf encoded = {.max = 4 * EVENT_BODY_MAX};
    struct log_author *author = NULL;
    struct log_draft draft;
    struct err err = {0};
    char actor[CLI_ACTOR_MAX], room[2 * KEY_BYTES + 1];
    const struct kind *kind = kind_find(bytes_of(what->kind));
    const char *note = what->note_field != NULL ? what->note_field : "note";
    int rc = submit_put(body, note, opt_text(args, &options[SUBMIT_NOTE]), &err);
    if (rc == 0) rc = body_encode(body, &encoded, &err);
    if (rc == 0) {
        rc = signer_load(opt_text(args, &options[SUBMIT_SIGN_AS]), opt_text(args, &options[SUBMIT_PASS_FD]),
                         opt_text(args, &options[SUBMIT_PASS_FILE]), &author, &err);
    }
    body_free(body);
    log_draft_init(&draft);
    draft.kind = bytes_of(what->kind);
    draft.subject = bytes_of(what->subject);
    draft.run = bytes_of(what->run != NULL ? what->run : "");
    draft.actor = bytes_of(cli_actor(opt_text(args, &options[SUBMIT_ACTOR]), actor));
    draft.source = bytes_of("cli");
    draft.grade = bytes_of(what->grade != NULL ? what->grade : "reported");
    draft.body = bytes_of_buf(&encoded);
    draft.author = author;
    const char *key = key_of(what->key != NULL ? what->key : opt_text(args, &options[SUBMIT_KEY]), author, room);
    draft.key = bytes_of(key != NULL ? key : "");
    if (rc == 0) rc = kind_check_times(kind, draft.body, &err);
    if (rc == 0) rc = grant_check_typed(&draft, &err);
    int exit_code = rc != 0                                   ? cli_fail_input(cli, &err)
                    : opt_has(args, &options[SUBMIT_DRY_RUN]) ? show_step(cli, &draft)
                                                              : write_step(cli, what, &draft);
    log_author_free(author);
    buf_done(&encoded);
    return exit_code;
}
