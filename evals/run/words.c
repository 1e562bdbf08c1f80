/* Digests are of canonical MessagePack: the form's name, the words, each with the digest of its file where it is one, and the
 * programs that may be started. */
#include "evals/run/words.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mp.h"
#include "base/text.h"
#include "packs/run/own.h"

#define FORM        "ledger-command/v0"
#define INSIDE_DIR  "/command"
#define COMMAND_MAX ((size_t)1 << 20)

/* What every step sees, at the same path. */
static bool is_of_system(const char *path) {
    static const char *const dirs[] = {"/usr/",    "/bin/", "/sbin/", "/lib/",  "/lib32/", "/lib64/",
                                       "/libx32/", "/etc/", "/dev/",  "/proc/", "/sys/"};
    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
        if (strncmp(path, dirs[i], strlen(dirs[i])) == 0) return true;
    }
    return false;
}

static int absolute(const char *word, char ret[FILE_PATH_MAX], struct err *err) {
    char here[FILE_PATH_MAX];
    if (word[0] != '/') {
        if (getcwd(here, sizeof(here)) == NULL) return err_errno(err, errno, "the current directory cannot be read");
        return file_join(ret, here, word, err);
    }
    if (strlen(word) >= FILE_PATH_MAX) return err_set(err, ERR_LIMIT, "the path '%.100s' is too long", word);
    memcpy(ret, word, strlen(word) + 1);
    return 0;
}

static const char *name_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* ---- files --------------------------------------------------------------------------------------------------------------- */

static int digest_of(int fd, uint8_t ret[HASH_LEN], struct err *err) {
    uint8_t piece[FILE_PIECE];
    struct hash *hash = hash_new();
    ssize_t n = 0;
    if (hash == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    while ((n = read(fd, piece, sizeof(piece))) > 0 || (n < 0 && errno == EINTR)) {
        hash_put(hash, piece, n > 0 ? (size_t)n : 0);
    }
    int rc = n == 0 ? 0 : err_errno(err, errno, "cannot be read");
    hash_end(hash, ret);
    hash_free(hash);
    return rc;
}

static bool is_file(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* Its digest as it is now. */
static int measure(const char *path, const struct own *own, uint8_t ret[HASH_LEN], struct err *err) {
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return err_errno(err, errno, "'%s' cannot be opened", path);
    int rc = own != NULL ? own_check(own, fd, err) : 0;
    if (rc == 0) rc = digest_of(fd, ret, err);
    close(fd);
    return rc;
}

/* "./a" is "a"; *ret NULL: it is absolute, or has parts that lead elsewhere. */
static const char *plain(const char *word) {
    while (strncmp(word, "./", 2) == 0) {
        word += 2;
    }
    for (const char *p = word; *p != '\0';) {
        size_t n = strcspn(p, "/");
        if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.')) return NULL;
        p += n + (p[n] == '/');
    }
    return word[0] != '\0' && strncmp(word, WORDS_MOVED "/", sizeof(WORDS_MOVED)) != 0 ? word : NULL;
}

static int take_file(struct run_words *w, size_t at, const struct own *own, struct err *err) {
    const char *word = w->how.words[at], *same = plain(word);
    struct run_file *file = &w->files[w->files_n];
    if (word[0] == '\0' || strlen(word) >= FILE_PATH_MAX - 64 || absolute(word, file->path, NULL) != 0 ||
        is_of_system(file->path) || !is_file(file->path)) {
        return 0;
    }
    file->word = at;
    file->moved = same == NULL;
    int n = same != NULL ? snprintf(file->inside, sizeof(file->inside), "%s", same)
                         : snprintf(file->inside, sizeof(file->inside), WORDS_MOVED "/%zu/%s", at, name_of(word));
    if (n < 0 || (size_t)n >= sizeof(file->inside)) return err_set(err, ERR_LIMIT, "the path '%.100s' is too long", word);
    w->files_n++;
    return measure(file->path, own, file->digest, err);
}

/* ---- programs ------------------------------------------------------------------------------------------------------------ */

static int take_program(const char *word, const struct own *own, struct program *ret, int *ret_fd, struct err *err) {
    char path[FILE_PATH_MAX];
    bool bare = strchr(word, '/') == NULL;
    int rc = bare ? 0 : absolute(word, path, err);
    if (rc == 0) rc = program_open(bytes_of(bare ? word : path), "/", ret, ret_fd, err);
    if (rc == 0) rc = own_check(own, *ret_fd, err);
    if (rc == 0 && !is_of_system(ret->host)) {
        int n = snprintf(ret->inside, sizeof(ret->inside), INSIDE_DIR "/%s", name_of(ret->host));
        if (n < 0 || (size_t)n >= sizeof(ret->inside)) rc = err_set(err, ERR_LIMIT, "the path '%.100s' is too long", word);
    }
    return rc;
}

static int add_exec(struct run_words *w, const char *word, const struct own *own, struct err *err) {
    int fd = -1;
    int rc = take_program(word, own, &w->exec[w->exec_n], &fd, err);
    if (fd >= 0) close(fd);
    if (rc == 0) w->exec_words[w->exec_n++] = word;
    return rc;
}

/* What starts a script is known too. */
static int take_interpreters(struct run_words *w, const struct own *own, struct err *err) {
    const char *names[PROGRAM_INTERPRETERS];
    size_t n = program_interpreters(w->fd, w->line, names);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        rc = add_exec(w, names[i], own, err);
    }
    return rc != 0 ? err_prefix(err, "the interpreter of '%s'", w->how.words[0]) : 0;
}

static int take_exec(struct run_words *w, const struct own *own, struct err *err) {
    int rc = take_interpreters(w, own, err);
    for (size_t i = 0; rc == 0 && i < w->how.exec_n; i++) {
        rc = add_exec(w, w->how.exec[i], own, err);
    }
    return rc;
}

/* ---- digests ------------------------------------------------------------------------------------------------------------- */

static void put_digest(struct buf *out, const uint8_t digest[HASH_LEN]) {
    char hex[2 * HASH_LEN + 1];
    text_hex(hex, digest, HASH_LEN);
    mp_put_text(out, hex);
}

/* `files` and `exec` have the digests that count. */
static int sum_up(const struct run_words *w, const uint8_t program[HASH_LEN], const struct run_file *files,
                  const struct program *exec, uint8_t ret[HASH_LEN], struct err *err) {
    struct buf mp = {.max = COMMAND_MAX * 2};
    mp_put_array(&mp, 3);
    mp_put_text(&mp, FORM);
    mp_put_array(&mp, (uint32_t)w->how.words_n);
    for (size_t i = 0, k = 0; i < w->how.words_n; i++) {
        bool file = k < w->files_n && files[k].word == i;
        mp_put_array(&mp, i == 0 || file ? 2 : 1);
        mp_put_text(&mp, w->how.words[i]);
        if (i == 0 || file) put_digest(&mp, i == 0 ? program : files[k].digest);
        k += file;
    }
    mp_put_array(&mp, (uint32_t)w->exec_n);
    for (size_t i = 0; i < w->exec_n; i++) {
        mp_put_array(&mp, 2);
        mp_put_text(&mp, w->exec_words[i]);
        put_digest(&mp, exec[i].digest);
    }
    int rc = buf_check(&mp, "a command", err);
    const struct bytes whole = bytes_of_buf(&mp);
    if (rc == 0) hash_parts(ret, &whole, 1);
    buf_done(&mp);
    return rc;
}

int run_words_now(const struct run_words *words, uint8_t ret_program[HASH_LEN], uint8_t ret_command[HASH_LEN],
                  struct err *err) {
    struct run_words *now = calloc(1, sizeof(*now));
    struct run_file *files = calloc(words->files_n + 1, sizeof(*files));
    int rc = now != NULL && files != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
    if (rc == 0) rc = program_find(bytes_of(words->program.host), "/", &now->program, err);
    for (size_t i = 0; rc == 0 && i < words->files_n; i++) {
        files[i] = words->files[i];
        rc = measure(files[i].path, NULL, files[i].digest, err);
    }
    for (size_t i = 0; rc == 0 && i < words->exec_n; i++) {
        rc = program_find(bytes_of(words->exec[i].host), "/", &now->exec[i], err);
    }
    if (rc == 0) rc = sum_up(words, now->program.digest, files, now->exec, ret_command, err);
    if (rc == 0) memcpy(ret_program, now->program.digest, HASH_LEN);
    free(files);
    free(now);
    return rc;
}

/* ---- all of it ----------------------------------------------------------------------------------------------------------- */

static int put_command(struct run_words *w, struct err *err) {
    mp_put_array(&w->command, (uint32_t)w->how.words_n);
    for (size_t i = 0; i < w->how.words_n; i++) {
        const struct bytes word = bytes_of(w->how.words[i]);
        if (text_utf8_valid(word.p, word.n) == word.n) {
            mp_put_str(&w->command, word);
        } else {
            mp_put_bin(&w->command, word);
        }
    }
    return buf_check(&w->command, "a command", err);
}

int run_words_open(const struct run_words_options *options, struct run_words **ret, struct err *err) {
    struct own own;
    if (options->words_n == 0 || options->words_n > WORDS_MOST || options->exec_n > WORDS_EXEC_MAX) {
        return err_set(err, ERR_LIMIT, "a command has 1 to %d words, and may start at most %d other programs", WORDS_MOST,
                       WORDS_EXEC_MAX);
    }
    struct run_words *w = calloc(1, sizeof(*w));
    if (w != NULL) {
        w->how = *options;
        w->fd = -1;
        w->command.max = COMMAND_MAX;
        w->files = calloc(options->words_n, sizeof(*w->files));
    }
    int rc = w != NULL && w->files != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
    if (rc == 0) rc = own_find(options->ledger_dir, options->trust, &own, err);
    if (rc == 0) rc = take_program(options->words[0], &own, &w->program, &w->fd, err);
    for (size_t i = 1; rc == 0 && i < options->words_n; i++) {
        rc = take_file(w, i, &own, err);
    }
    if (rc == 0) rc = take_exec(w, &own, err);
    if (rc == 0) rc = sum_up(w, w->program.digest, w->files, w->exec, w->digest, err);
    if (rc == 0) rc = put_command(w, err);
    if (rc != 0) {
        run_words_close(w);
        return rc;
    }
    *ret = w;
    return 0;
}

void run_words_close(struct run_words *words) {
    if (words == NULL) return;
    if (words->fd >= 0) close(words->fd);
    free(words->files);
    buf_done(&words->command);
    free(words);
}
