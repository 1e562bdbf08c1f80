/* Whether the keys that sign can be loaded, before anything is looked at or mended: without them nothing could be recorded. Which
 * file it is and what is wrong with it is said here, since a first append would say it late, and sometimes as damage. */
#include <string.h>

#include "cli/doctor/doctor.h"
#include "cli/print/say.h"
#include "ledger/signing/keyfile.h"

struct signing {
    struct ledger *ledger;
    bool sealed;               /* the log key is under a passphrase: then that of the epoch is too */
    size_t n;                  /* files so far: the log key's first, then that of the epoch */
    char epoch[FILE_PATH_MAX]; /* its path */
    struct err log_why, epoch_why;
};

/* Is it the key that the log names? A file under a passphrase is opened later. */
static int check_key(struct signing *s, const struct log_key_file *file, const char *expected, struct err *err) {
    struct signer signer = {0};
    struct note_vkey vkey;
    struct err why = {0};
    int rc = keyfile_load_exposed(file->path, (struct bytes){0}, &signer, &why);
    bool sealed = rc == ERR_CONFLICT;
    s->sealed = s->sealed || sealed;
    if (sealed) return 0;
    if (rc == 0) rc = note_vkey_decode(bytes_of(expected), &vkey, &why);
    if (rc == 0 && !note_vkey_eq(&signer.vkey, &vkey)) {
        rc = err_set(&why, ERR_INVALID, "key file '%s': holds another key than the ledger's", file->path);
    }
    if (rc == 0 && s->sealed) {
        rc = err_set(&why, ERR_INVALID, "key file '%s': has no passphrase, unlike the log key", file->path);
    }
    signer_done(&signer);
    return rc == 0 ? 0 : err_set(err, rc, "%s", why.msg);
}

/* The third file and those after it: one of the epoch that was moved aside may hold its key after all, and an append takes it back. */
static int each_file(void *ctx, const struct log_key_file *file, struct err *err) {
    struct signing *s = ctx;
    struct log_epoch epoch;
    struct err why = {0};
    size_t n = s->n++;
    int rc = n > 0 ? log_epoch_current(s->ledger, &epoch, err) : 0;
    if (rc != 0) return rc;
    if (n == 0) {
        check_key(s, file, log_vkey(s->ledger), &s->log_why);
    } else if (n == 1) {
        check_key(s, file, epoch.vkey, &s->epoch_why);
        bytes_copy(s->epoch, (struct bytes){(const uint8_t *)file->path, strnlen(file->path, sizeof(s->epoch) - 1)});
    } else if (bytes_has_prefix(bytes_of(file->path), s->epoch) && check_key(s, file, epoch.vkey, &why) == 0) {
        s->epoch_why = (struct err){0};
    }
    return 0;
}

int signing_check(struct cli *cli, struct ledger *ledger) {
    struct signing s = {.ledger = ledger};
    struct err err = {0};
    int rc = log_key_files(ledger, each_file, &s, &err);
    const struct err *why = rc != 0 ? &err : s.log_why.code != 0 ? &s.log_why : &s.epoch_why;
    if (why->code == 0) return 0;
    return cli_refuse(cli, EXIT_SYSTEM, why->code,
                      "%s; without the keys that sign nothing can be recorded: bring the file back from where it was kept; "
                      "'ledger doctor --no-probe' shows what is known",
                      why->msg);
}
