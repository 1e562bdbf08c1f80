/* The passphrase is tried on the key file here, although the library does so again: a tenth of a second for a precise error
 * message. */
#include "cli/open/unlock.h"

#include <stdio.h>

#include "ledger/core/config.h"
#include "ledger/signing/keyfile.h"
#include "ledger/signing/keyring.h"

typedef int load_fn(const char *path, struct bytes passphrase, struct signer *ret, struct err *err);

static int try_key(const char *path, load_fn *load, const struct pass *pass, struct err *err) {
    struct signer signer = {0};
    int rc = load(path, pass_bytes(pass), &signer, err);
    signer_done(&signer);
    return rc;
}

int cli_take_passphrase(struct cli *cli, struct err *err) {
    if (cli->pass.p) return 0;
    return pass_read(cli->passphrase_fd, cli->passphrase_file, &cli->pass, err);
}

static int no_terminal(struct err *err, const char *what, const char *option) {
    return err_set(err, ERR_INVALID,
                   "%s needs a passphrase and there is no terminal to ask on: give it by --%s-fd N or --%s-file FILE", what,
                   option, option);
}

/* With *ret as it was given. */
static int unlock(const char *path, load_fn *load, const char *what, const char *option, struct pass *ret,
                  struct err *err) {
    struct pass none = {0};
    struct err why = {0};
    int rc = try_key(path, load, &none, &why);
    if (rc == 0) {
        pass_done(ret); /* the key has no passphrase: one that was given is for other keys */
        return 0;
    }
    if (rc != ERR_CONFLICT) return err_set(err, why.code, "%s", why.msg);
    if (!ret->p) {
        char prompt[512];
        snprintf(prompt, sizeof(prompt), "passphrase of %.400s: ", what);
        rc = pass_ask(prompt, false, ret, err);
        if (rc == ERR_NOTFOUND) return no_terminal(err, what, option);
        if (rc != 0) return rc;
    }
    rc = try_key(path, load, ret, err);
    if (rc == ERR_TAMPERED) {
        err_prefix(err, "the passphrase does not open %s", what);
    }
    return rc;
}

int unlock_file(const char *path, const char *fd, const char *file, const char *what, const char *option, struct pass *ret,
                struct err *err) {
    int rc = pass_read(fd, file, ret, err);
    return rc == 0 ? unlock(path, keyfile_load, what, option, ret, err) : rc;
}

int unlock_ledger(struct cli *cli, bool exposed, struct err *err) {
    struct config config;
    char path[FILE_PATH_MAX];
    int rc = cli_take_passphrase(cli, err);
    if (rc != 0 || cli->for_agent || !file_exists(cli->dir)) {
        return rc; /* an agent's terminal must not get a prompt; opening reports the missing passphrase */
    }
    rc = config_load(cli->dir, &config, err);
    if (rc == 0) rc = keyring_log_path(config.keys, path, err);
    if (rc != 0 || !file_exists(path)) {
        return rc; /* no key file: opening and the first append report what is missing */
    }
    char what[FILE_PATH_MAX + 32];
    snprintf(what, sizeof(what), "the key in '%s'", path);
    return unlock(path, exposed ? keyfile_load_exposed : keyfile_load, what, "passphrase", &cli->pass, err);
}

int unlock_new(const char *fd, const char *file, const char *what, const char *option, struct pass *ret, struct err *err) {
    int rc = pass_read(fd, file, ret, err);
    if (rc != 0 || ret->p) return rc;
    char prompt[512];
    snprintf(prompt, sizeof(prompt), "new passphrase for %.400s: ", what);
    rc = pass_ask(prompt, true, ret, err);
    return rc == ERR_NOTFOUND ? err_set(err, ERR_INVALID,
                                        "%s needs a passphrase and there is no terminal to ask on: give it by --%s-fd N "
                                        "or --%s-file FILE",
                                        what, option, option)
                              : rc;
}
