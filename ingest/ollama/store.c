/* A store on disk:
 *
 *   DIR/manifests-v2/HOST/NAMESPACE/MODEL/TAG    newer: a link to blobs/sha256-..., or a copy of it
 *   DIR/manifests/HOST/NAMESPACE/MODEL/TAG       JSON: {schemaVersion, mediaType, config, layers}
 *   DIR/blobs/sha256-<hex>                       weights, templates, licences, configurations
 *
 * For a name in both trees the newer one counts. A manifest may be a list of manifests for several runners; the one that a
 * Linux server prefers counts. The manifest's digest is computed from its bytes; its statements about files are only
 * declared until these are hashed.
 *
 * Links to directories are never followed, so that the walk cannot leave the tree or loop; a link in place of a manifest
 * must end at a file of blobs/ whose name is the digest of its content. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/file.h"
#include "base/secret/secret.h"
#include "base/text.h"
#include "ingest/driver/lock.h"
#include "ingest/ollama/ollama.h"

#define LEVELS       4
#define ENTRIES_MAX  65536              /* of all directories */
#define KEPT_MAX     ((size_t)16 << 20) /* of all manifests and configurations */
#define MANIFEST_MAX ((size_t)1 << 20)
#define CHILDREN_MAX 16
#define TYPE_PREFIX  "application/vnd.ollama.image."
#define TYPE_LIST    "application/vnd.ollama.manifest.list.v2+json"

struct store {
    struct intake *run;
    struct ollama_view view;
    struct ollama_state state;
    struct ollama_lists lists;
    struct ollama_blobs *blobs;
    struct ollama_identity *identities; /* one per model; without weights: unused */
    size_t cap_identities;
    char dir[FILE_PATH_MAX];
    const char *tree;       /* the current one: "manifests" */
    char at[FILE_PATH_MAX]; /* the current entry, for rejections */
    void **kept;            /* memory that views borrow */
    size_t n_kept, cap_kept, kept_bytes, entries;
    struct buf text, parsed, config, config_text, child, child_text, out;
    bool cut; /* something could not be read: absence proves nothing */
};

/* ---- keeping ------------------------------------------------------------------------------------------------------ */

/* A copy that lives as long as the store; empty when out of memory or past the bound: see *ret_code. */
static struct bytes keep(struct store *s, struct bytes b, int *ret_code) {
    if (*ret_code != 0 || b.n == 0) return (struct bytes){NULL, 0};
    if (array_room(&s->kept, s->n_kept + 1, &s->cap_kept, sizeof(*s->kept), NULL) != 0) {
        *ret_code = ERR_NOMEM;
        return (struct bytes){NULL, 0};
    }
    uint8_t *p = s->kept_bytes + b.n <= KEPT_MAX ? malloc(b.n) : NULL;
    if (p == NULL) {
        *ret_code = s->kept_bytes + b.n > KEPT_MAX ? ERR_LIMIT : ERR_NOMEM;
        return (struct bytes){NULL, 0};
    }
    memcpy(p, b.p, b.n);
    s->kept[s->n_kept++] = p;
    s->kept_bytes += b.n;
    return (struct bytes){p, b.n};
}

static int reject(struct store *s, const char *group, const char *why) {
    s->cut = true;
    return intake_reject(s->run, &s->view.place, group, why);
}

/* Sets the place of later rejections to the entry of the first `n` parts. */
static void set_place(struct store *s, const char *const parts[LEVELS], size_t n) {
    int used = snprintf(s->at, sizeof(s->at), "%s/%s", s->dir, s->tree);
    for (size_t i = 0; i < n && used < (int)sizeof(s->at); i++) {
        used += snprintf(s->at + used, sizeof(s->at) - (size_t)used, "/%s", parts[i]);
    }
    s->view.place = (struct ingest_place){.file = used < (int)sizeof(s->at) ? s->at : s->dir};
}

/* ---- manifests ---------------------------------------------------------------------------------------------------- */

static struct bytes type_of(struct bytes layer) {
    struct bytes type = member_text(layer, "mediaType");
    return bytes_has_prefix(type, TYPE_PREFIX)
               ? (struct bytes){type.p + sizeof(TYPE_PREFIX) - 1, type.n - (sizeof(TYPE_PREFIX) - 1)}
               : type;
}

static void put_layer(struct buf *out, struct bytes layer) {
    struct bytes type = type_of(layer);
    struct ollama_digest digest = ollama_digest_of(member_text(layer, "digest"));
    uint64_t size = member_number(layer, "size");
    struct mp_map map;
    mp_map_init(&map, out->max);
    if (size != MEMBER_NONE) {
        mp_map_uint(&map, "bytes", size);
    }
    if (digest.there) {
        mp_map_hash(&map, "digest", digest.sha256);
    }
    mp_map_text(&map, "type", member_is_word(type) ? type : (struct bytes){NULL, 0});
    mp_map_write(&map, out, NULL);
    mp_map_done(&map);
}

static void add_bytes(uint64_t *sum, uint64_t more) {
    *sum += more != MEMBER_NONE && more <= MP_INT_MAX - *sum ? more : 0;
}

/* The layers of one manifest: checks their files, and takes those that identify the model. */
static int read_layers(struct store *s, struct bytes manifest, struct ollama_model *m, struct ollama_identity *id,
                       bool *ret_hashed, struct err *err) {
    struct bytes layers = member_array(manifest, "layers"), layer, config = member_raw(manifest, "config");
    struct ollama_digest digest = ollama_digest_of(member_text(config, "digest"));
    struct mp_reader r;
    struct mp_item head = {0};
    bool hashed = false;
    mp_reader_init(&r, layers);
    if (layers.n == 0 || mp_next(&r, &head, NULL) != 0) {
        return intake_reject(s->run, &s->view.place, NULL, "the manifest has no array 'layers'");
    }
    int rc = ollama_blobs_check(s->blobs, &digest, member_number(config, "size"), &hashed, err);
    m->bytes = 0;
    add_bytes(&m->bytes, member_number(config, "size"));
    buf_clear(&s->out);
    mp_put_array(&s->out, head.count < OLLAMA_LAYERS_MAX ? head.count : OLLAMA_LAYERS_MAX);
    for (uint32_t i = 0; i < head.count && rc == 0 && mp_skip(&r, 1, &layer, NULL) == 0; i++) {
        struct bytes type = type_of(layer);
        uint64_t size = member_number(layer, "size");
        digest = ollama_digest_of(member_text(layer, "digest"));
        if (i < OLLAMA_LAYERS_MAX) {
            put_layer(&s->out, layer);
        }
        rc = ollama_blobs_check(s->blobs, &digest, size, &hashed, err);
        add_bytes(&m->bytes, size);
        if (bytes_is(type, "model") && digest.there && !m->weights.there) {
            m->weights = digest;
            id->bytes = size;
            *ret_hashed = hashed;
        } else if (bytes_is(type, "template") && digest.there) {
            id->template_ = digest;
        }
    }
    if (rc == 0) {
        rc = buf_check(&s->out, "a manifest's layers", err);
        m->layers = keep(s, bytes_of_buf(&s->out), &rc);
    }
    return rc;
}

/* Takes the model's details from the configuration; a missing or damaged one is found by the check of its file. */
static int read_config(struct store *s, struct bytes manifest, struct ollama_model *m, struct ollama_identity *id) {
    struct ollama_digest digest = ollama_digest_of(member_text(member_raw(manifest, "config"), "digest"));
    int rc = 0;
    buf_clear(&s->config_text);
    buf_clear(&s->config);
    if (!digest.there || ollama_blobs_content(s->blobs, &digest, &s->config_text, NULL) != 0 ||
        ollama_parse(bytes_of_buf(&s->config_text), &s->config, NULL) != 0) {
        return 0;
    }
    struct bytes map = keep(s, bytes_of_buf(&s->config), &rc);
    m->format = member_word(map, "model_format");
    m->family = member_word(map, "model_family");
    m->families = member_words(map, "model_families");
    m->parameters = member_word(map, "model_type");
    m->quantization = member_word(map, "file_type");
    m->capabilities = member_words(map, "capabilities");
    m->context_length = member_number(map, "context_length");
    m->embedding_length = member_number(map, "embedding_length");
    ollama_model_remote(map, m);
    id->format = m->format;
    id->quantization = m->quantization;
    id->raw = map;
    return rc;
}

/* Chooses the manifest that a Linux server uses, by its runner. *ret stays empty when there is none. */
static int choose_child(struct store *s, struct bytes list, struct bytes *ret, struct err *err) {
    static const char *const runners[] = {"ollama", "llamacpp", "mlx"};
    struct bytes children = member_array(list, "manifests"), child, best = {NULL, 0};
    size_t best_rank = sizeof(runners) / sizeof(runners[0]) + 1;
    struct mp_reader r;
    struct mp_item head;
    bool hashed = false;
    mp_reader_init(&r, children);
    if (children.n == 0 || mp_next(&r, &head, NULL) != 0) return 0;
    for (uint32_t i = 0; i < head.count && i < CHILDREN_MAX && mp_skip(&r, 1, &child, NULL) == 0; i++) {
        size_t rank = 0;
        while (rank < sizeof(runners) / sizeof(runners[0]) && !bytes_is(member_text(child, "runner"), runners[rank])) {
            rank++;
        }
        if (rank < best_rank) {
            best_rank = rank;
            best = child;
        }
    }
    struct ollama_digest digest = ollama_digest_of(member_text(best, "digest"));
    if (best.n == 0 || member_array(best, "layers").n > 0 || !digest.there) {
        *ret = best;
        return 0;
    }
    int rc = ollama_blobs_check(s->blobs, &digest, MEMBER_NONE, &hashed, err);
    buf_clear(&s->child_text);
    buf_clear(&s->child);
    if (rc == 0 && ollama_blobs_content(s->blobs, &digest, &s->child_text, NULL) == 0 &&
        ollama_parse(bytes_of_buf(&s->child_text), &s->child, NULL) == 0) {
        *ret = bytes_of_buf(&s->child);
    }
    return rc;
}

/* "registry.ollama.ai/library/llama3.2" "latest" -> "llama3.2:latest", as ollama itself shows it. */
static void show_name(char ret[OLLAMA_NAME_MAX * 2], const char *const parts[LEVELS]) {
    bool home = strcmp(parts[0], "registry.ollama.ai") == 0 || strcmp(parts[0], "ollama.com") == 0;
    bool library = home && strcmp(parts[1], "library") == 0;
    snprintf(ret, OLLAMA_NAME_MAX * 2, "%s%s%s%s%s:%s", home ? "" : parts[0], home ? "" : "/", library ? "" : parts[1],
             library ? "" : "/", parts[2], parts[3]);
}

static bool is_listed(const struct store *s, struct bytes name) {
    for (size_t i = 0; i < s->lists.n_models; i++) {
        if (bytes_eq(s->lists.models[i].name, name)) return true;
    }
    return false;
}

/* Room for one more model and its identity. */
static int one_more(struct store *s, struct ollama_model **ret_model, struct ollama_identity **ret_id, struct err *err) {
    if (array_room(&s->identities, s->lists.n_models + 1, &s->cap_identities, sizeof(*s->identities), NULL) != 0) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    *ret_id = &s->identities[s->lists.n_models];
    *ret_model = ollama_lists_model(&s->lists);
    memset(*ret_id, 0, sizeof(**ret_id));
    return *ret_model != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
}

static void digest_content(struct ollama_model *m, struct bytes config) {
    uint8_t at[8];
    be64_put(at, m->modified_at);
    const struct bytes parts[] = {{m->manifest.sha256, HASH_LEN}, config, {at, sizeof(at)}};
    hash_parts(m->content, parts, 3);
}

/* Takes the manifest in s->text, parsed into s->parsed. */
static int take_manifest(struct store *s, struct bytes name, const struct stat *st, struct err *err) {
    struct ollama_model *m = NULL;
    struct ollama_identity *id = NULL;
    struct bytes map = bytes_of_buf(&s->parsed), one = map, whole = bytes_of_buf(&s->text);
    struct err why = {0};
    bool hashed = false;
    int rc = 0;
    if (bytes_is(member_text(map, "mediaType"), TYPE_LIST)) {
        one = (struct bytes){NULL, 0};
        rc = choose_child(s, map, &one, err);
    }
    if (rc == 0 && ollama_check_manifest(one, &why) != 0) return reject(s, NULL, why.msg);
    if (rc == 0) rc = one_more(s, &m, &id, err);
    if (rc != 0) return rc;
    m->bytes = m->context_length = m->embedding_length = id->bytes = id->tensors = MEMBER_NONE;
    m->modified_at =
        st->st_mtim.tv_sec >= 0 ? (uint64_t)st->st_mtim.tv_sec * 1000000000U + (uint64_t)st->st_mtim.tv_nsec : MEMBER_NONE;
    m->manifest.there = true;
    hash_parts(m->manifest.sha256, &whole, 1);
    m->name = keep(s, name, &rc);
    m->path = keep(s, bytes_of(s->view.place.file), &rc);
    m->raw = keep(s, map, &rc);
    if (rc == 0) rc = read_layers(s, one, m, id, &hashed, err);
    if (rc == 0) rc = read_config(s, one, m, id);
    digest_content(m, id->raw);
    id->name = m->name;
    id->weights = m->weights;
    id->manifest = m->manifest;
    id->grade = hashed ? "measured" : "declared";
    if (rc == ERR_LIMIT || rc == ERR_NOMEM) {
        return err_set(err, rc, "the manifests together take more memory than %zu bytes", KEPT_MAX);
    }
    return rc;
}

/* ---- files -------------------------------------------------------------------------------------------------------- */

/* Opens a manifest: a file, or a link to a blob, whose digest is then returned. */
static int open_manifest(struct store *s, int dir, const char *tag, struct ollama_digest *ret_link, int *ret_fd,
                         struct err *err) {
    char target[FILE_PATH_MAX], path[FILE_PATH_MAX], file[96];
    ssize_t n = readlinkat(dir, tag, target, sizeof(target) - 1);
    memset(ret_link, 0, sizeof(*ret_link));
    if (n < 0) {
        *ret_fd = openat(dir, tag, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    } else {
        target[n] = '\0';
        const char *base = strrchr(target, '/');
        base = base != NULL ? base + 1 : target;
        *ret_link = ollama_digest_of(bytes_has_prefix(bytes_of(base), "sha256-") ? bytes_of(base) : bytes_of(""));
        if (!ret_link->there) {
            return err_set(err, ERR_INVALID, "the manifest is a link to something other than a file of the store");
        }
        snprintf(file, sizeof(file), "blobs/%.80s", base);
        int rc = file_join(path, s->dir, file, err);
        if (rc != 0) return rc;
        *ret_fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    }
    return *ret_fd >= 0 ? 0 : err_set(err, ERR_INVALID, "the manifest cannot be opened: %s", strerror(errno));
}

static int read_text(struct store *s, int fd, struct stat *ret_st, struct err *err) {
    ssize_t n = 1;
    buf_clear(&s->text);
    if (fstat(fd, ret_st) != 0 || !S_ISREG(ret_st->st_mode)) {
        return err_set(err, ERR_INVALID, "the manifest is not a regular file");
    }
    while (n > 0) {
        uint8_t *p = buf_room(&s->text, 65536);
        if (p == NULL) {
            return s->text.fail == ERR_NOMEM
                       ? err_set(err, ERR_NOMEM, "out of memory")
                       : err_set(err, ERR_INVALID, "the manifest has more than %zu bytes", MANIFEST_MAX);
        }
        n = read(fd, p, 65536);
        if (n < 0 && errno == EINTR) {
            n = 1;
        } else if (n < 0) {
            return err_set(err, ERR_INVALID, "the manifest cannot be read: %s", strerror(errno));
        } else {
            s->text.n += (size_t)n;
        }
    }
    return 0;
}

static int load_manifest(struct store *s, int dir, const char *tag, struct stat *ret_st, struct err *err) {
    struct ollama_digest link;
    uint8_t digest[HASH_LEN];
    int fd = -1, code = open_manifest(s, dir, tag, &link, &fd, err);
    if (code != 0) return code;
    code = read_text(s, fd, ret_st, err);
    close(fd);
    if (code == 0 && link.there) {
        const struct bytes whole = bytes_of_buf(&s->text);
        hash_parts(digest, &whole, 1);
        if (memcmp(digest, link.sha256, HASH_LEN) != 0) {
            code = err_set(err, ERR_INVALID, "the manifest's content does not match the name of its file");
        }
    }
    buf_clear(&s->parsed);
    if (code == 0) code = ollama_parse(bytes_of_buf(&s->text), &s->parsed, err);
    return code;
}

static int take_file(struct store *s, int dir, const char *const parts[LEVELS], struct err *err) {
    char name[OLLAMA_NAME_MAX * 2];
    struct err why = {0};
    struct stat st;
    show_name(name, parts);
    int rc = text_utf8_valid((const uint8_t *)name, strlen(name)) == strlen(name)
                 ? model_name_check(bytes_of(name), &why)
                 : err_set(&why, ERR_INVALID, "a model's name is not UTF-8 text");
    if (rc == 0 && is_listed(s, bytes_of(name))) {
        return 0; /* it is in the newer tree */
    }
    if (rc == 0 && s->lists.n_models == OLLAMA_MODELS_MAX) {
        rc = err_set(&why, ERR_INVALID, "the store has more than %d models; the rest is ignored", OLLAMA_MODELS_MAX);
    }
    if (rc == 0) rc = load_manifest(s, dir, parts[3], &st, &why);
    if (rc == ERR_NOMEM) return err_set(err, rc, "%s", why.msg);
    if (rc != 0) return reject(s, NULL, why.msg);
    lines_digest_put(intake_digest(s->run), bytes_of_buf(&s->text));
    return take_manifest(s, bytes_of(name), &st, err);
}

/* ---- the tree ----------------------------------------------------------------------------------------------------- */

static int walk(struct store *s, int fd, const char *parts[LEVELS], size_t level, struct err *err);

static int take_entry(struct store *s, int dir, const char *name, const char *parts[LEVELS], size_t level,
                      struct err *err) {
    parts[level] = name;
    set_place(s, parts, level + 1);
    if (level == LEVELS - 1) return take_file(s, dir, parts, err);
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) return walk(s, fd, parts, level + 1, err);
    if (errno == ENOTDIR) {
        struct stat st;
        bool link = fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
        return link ? reject(s, NULL, "a directory of the store is a link, which is not followed") : 0;
    }
    return errno == ELOOP ? reject(s, NULL, "a directory of the store is a link, which is not followed")
                          : reject(s, NULL, "a directory of the store cannot be opened");
}

/* Takes over `fd`. */
static int walk(struct store *s, int fd, const char *parts[LEVELS], size_t level, struct err *err) {
    DIR *dir = fdopendir(fd);
    struct dirent *entry;
    int rc = 0;
    if (dir == NULL) {
        close(fd);
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    while (rc == 0 && !intake_stopped(s->run) && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.') {
            continue; /* temporary files of ollama and other programs */
        }
        if (++s->entries > ENTRIES_MAX) {
            set_place(s, parts, level);
            rc = s->entries == ENTRIES_MAX + 1 ? reject(s, NULL, "the store has more than 65536 entries") : 0;
            break;
        }
        rc = take_entry(s, fd, entry->d_name, parts, level, err);
    }
    closedir(dir);
    return rc;
}

static int walk_tree(struct store *s, const char *tree, bool *ret_there, struct err *err) {
    char path[FILE_PATH_MAX];
    const char *parts[LEVELS] = {0};
    int rc = file_join(path, s->dir, tree, err);
    s->tree = tree;
    if (rc != 0) return rc;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT) return err_errno(err, errno, "%s: cannot be opened", path);
    *ret_there = *ret_there || fd >= 0;
    return fd < 0 ? 0 : walk(s, fd, parts, 0, err);
}

/* ---- the whole ---------------------------------------------------------------------------------------------------- */

static int identify(struct store *s, struct err *err) {
    int rc = 0;
    s->view.place = (struct ingest_place){.file = s->dir};
    for (size_t i = 0; i < s->lists.n_models && rc == 0; i++) {
        struct ollama_identity *id = &s->identities[i];
        char path[FILE_PATH_MAX], hex[2 * HASH_LEN + 1];
        if (!id->weights.there) continue;
        text_hex(hex, id->weights.sha256, HASH_LEN);
        int n = snprintf(path, sizeof(path), "%s/blobs/sha256-%s", s->dir, hex);
        id->path = n < (int)sizeof(path) ? bytes_of(path) : bytes_of("");
        rc = ollama_event_identified(&s->view, id, err);
    }
    return rc;
}

static int store_open(struct store *s, const char *dir, struct err *err) {
    struct buf *const buffers[] = {&s->parsed, &s->config, &s->child, &s->out};
    struct buf *const texts[] = {&s->text, &s->config_text, &s->child_text};
    if (realpath(dir, s->dir) == NULL) return err_errno(err, errno, "%s: cannot be opened", dir);
    for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++) {
        buf_init(buffers[i], 3 * MANIFEST_MAX);
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        buf_init(texts[i], MANIFEST_MAX);
    }
    ollama_state_init(&s->state, s->dir);
    ollama_view_init(&s->view, s->run, NULL, s->dir);
    s->view.grade = "declared";
    s->view.place.file = s->dir;
    int rc = 0;
    if (!intake_options(s->run)->dry_run) rc = lock_wait(s->run, &s->state.lock, err);
    if (rc == 0) rc = ollama_state_load(&s->state, s->run, err);
    if (rc == 0) rc = ollama_blobs_new(&s->view, s->dir, s->state.id, &s->blobs, err);
    return rc;
}

static void store_close(struct store *s) {
    struct buf *const buffers[] = {&s->text, &s->parsed, &s->config, &s->config_text, &s->child, &s->child_text, &s->out};
    for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++) {
        buf_done(buffers[i]);
    }
    for (size_t i = 0; i < s->n_kept; i++) {
        free(s->kept[i]);
    }
    free(s->kept);
    free(s->identities);
    ollama_lists_done(&s->lists);
    ollama_blobs_free(s->blobs);
    ollama_state_done(&s->state);
}

/* Compares the list with the last look. */
static int compare_list(struct store *s, struct err *err) {
    s->view.place = (struct ingest_place){.file = s->dir};
    s->lists.has_models = true;
    s->lists.cut_models = s->cut;
    int rc = ollama_diff(&s->view, &s->state, &s->lists, NULL, err);
    return rc == 0 ? ollama_state_put_looked(&s->state, &s->lists, s->run, err) : rc;
}

int ollama_store_read(struct intake *run, const char *dir, bool lists_too, struct err *err) {
    struct store s = {.run = run, .state = {.lock = -1}};
    bool there = false;
    int rc = store_open(&s, dir, err);
    if (rc == 0) {
        intake_begin(run, s.dir);
        rc = walk_tree(&s, "manifests-v2", &there, err);
    }
    if (rc == 0) rc = walk_tree(&s, "manifests", &there, err);
    if (rc == 0 && !there) {
        rc = err_set(err, ERR_NOTFOUND, "%s: is not a store of ollama; expected: a directory with manifests/ and blobs/",
                     dir);
    }
    if (rc == 0 && lists_too && !intake_stopped(run)) rc = compare_list(&s, err);
    if (rc == 0) rc = identify(&s, err);
    if (rc == 0) rc = ollama_blobs_end(s.blobs, err);
    if (rc == 0) rc = intake_end(run, err);
    store_close(&s);
    return rc;
}
