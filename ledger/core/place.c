/* What identifies a place must never change by itself: a false alarm would stop appends.
 *
 *   machine      /etc/machine-id, unless this is a container (its own may be missing, come with each image or be made at
 *                each start) or it is one that lasts until the next boot
 *   file         inode and time of birth, on file systems that keep inode numbers; the number of the file system where it
 *                is made of what is on the disk, which tells a snapshot's file from the one it was made of
 *
 * Left out: numbers of devices, which change with every boot, paths, which may be mounts, and times that writing
 * changes. */
#include "ledger/core/place.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/hash.h"
#include "base/mp.h"
#include "base/text.h"
#include "ledger/core/cursor.h"
#include "ledger/core/key_secret.h"
#include "ledger/store/generation.h"

#define DOMAIN          "ledger/place/v1"
#define MACHINE_ID_HEX  32
#define FIRST_PID_SPACE 0xEFFFFFFCU /* inode of /proc/self/ns/pid outside of containers: PROC_PID_INIT_INO */
#define FORM_HERE       1
#define FORM_BACKUP     2

/* ---- the machine ---- */

static bool in_container(void) {
    struct stat st;
    return stat("/proc/self/ns/pid", &st) != 0 || st.st_ino != FIRST_PID_SPACE;
}

static bool machine_id(char ret[MACHINE_ID_HEX]) {
    uint8_t raw[MACHINE_ID_HEX / 2];
    struct buf text = {.max = 256};
    if (in_container() || file_exists("/run/machine-id")) { /* that one is mounted over /etc's until the next boot */
        return false;
    }
    bool good = file_read("/etc/machine-id", &text, NULL) == 0 && text.n >= MACHINE_ID_HEX &&
                text_unhex(raw, sizeof(raw), (struct bytes){text.p, MACHINE_ID_HEX}) == 0;
    if (good) {
        memcpy(ret, text.p, MACHINE_ID_HEX);
    }
    buf_done(&text);
    return good;
}

static void take_machine(struct place *place, const uint8_t secret[KEY_SECRET_LEN]) {
    char id[MACHINE_ID_HEX];
    place->machine_known = machine_id(id);
    if (place->machine_known) {
        const struct bytes parts[] = {
            {(const uint8_t *)DOMAIN, sizeof(DOMAIN)}, {secret, KEY_SECRET_LEN}, {(const uint8_t *)id, sizeof(id)}};
        hash_parts(place->machine, parts, 3);
    }
}

/* ---- the file ---- */

enum file_system { FS_VAGUE, FS_KEEPS_INODES, FS_IS_NUMBERED };

/* File systems whose inode numbers are stored, or stay as long as the files do; and among them those whose f_fsid comes
 * from the disk. Numbers assigned at each mount (FAT, FUSE, shared folders of virtual machines) do not count. */
static enum file_system file_system_of(const struct statfs *fs) {
    switch ((uint32_t)fs->f_type) {
    case 0xEF53:     /* ext2, ext3, ext4 */
    case 0x9123683E: /* btrfs, whose snapshots keep inodes and births */
        return FS_IS_NUMBERED;
    case 0x58465342: /* xfs */
    case 0xF2F52010: /* f2fs */
    case 0x2FC12FC1: /* zfs */
    case 0xCA451A4E: /* bcachefs */
    case 0x3153464A: /* jfs */
    case 0x01021994: /* tmpfs */
    case 0x794C7630: /* overlayfs: of the file in the upper layer, where it is once it was opened for writing */
        return FS_KEEPS_INODES;
    default:
        return FS_VAGUE;
    }
}

static int take_file(struct place *place, const char *path, struct err *err) {
    struct statfs fs;
    struct statx st;
    if (statfs(path, &fs) != 0 || statx(AT_FDCWD, path, 0, STATX_INO | STATX_BTIME, &st) != 0) {
        return err_errno(err, errno, "'%s'", path);
    }
    enum file_system kind = file_system_of(&fs);
    if (kind != FS_VAGUE) {
        bool born = (st.stx_mask & STATX_BTIME) != 0 && st.stx_btime.tv_sec > 0;
        place->inode = st.stx_ino & MP_INT_MAX;
        place->born = born ? ((uint64_t)st.stx_btime.tv_sec * CLOCK_NS_PER_S + st.stx_btime.tv_nsec) & MP_INT_MAX : 0;
    }
    if (kind == FS_IS_NUMBERED) {
        uint64_t number = 0;
        memcpy(&number, &fs.f_fsid, sizeof(fs.f_fsid) < sizeof(number) ? sizeof(fs.f_fsid) : sizeof(number));
        place->fs = number & MP_INT_MAX;
    }
    return 0;
}

static int place_of(const char *evidence, const uint8_t secret[KEY_SECRET_LEN], struct place *ret, struct err *err) {
    char path[FILE_PATH_MAX];
    struct place place = {.backup = false};
    int rc = file_join(path, evidence, "data.mdb", err);
    if (rc == 0) rc = take_file(&place, path, err);
    if (rc == 0) {
        take_machine(&place, secret);
        *ret = place;
    }
    return rc;
}

/* ---- the record ---- */

static void encode(struct buf *out, const struct place *place) {
    struct buf value = {.max = CURSOR_VALUE_MAX};
    mp_put_array(&value, place->backup ? 1 : 5);
    mp_put_uint(&value, place->backup ? FORM_BACKUP : FORM_HERE);
    if (!place->backup) {
        mp_put_bin(&value, (struct bytes){place->machine, place->machine_known ? EVENT_HASH : 0});
        mp_put_uint(&value, place->inode);
        mp_put_uint(&value, place->born);
        mp_put_uint(&value, place->fs);
    }
    cursor_encode(out, bytes_of(PLACE_RECORD), bytes_of_buf(&value));
    buf_done(&value);
}

int place_decode(struct bytes record, struct place *ret, struct err *err) {
    struct place place = {.backup = false};
    struct mp_reader r;
    struct mp_item item;
    struct bytes value = {NULL, 0};
    uint64_t form = 0;
    int rc = cursor_decode(bytes_of(PLACE_RECORD), record, &value, NULL);
    mp_reader_init(&r, value);
    bool good = rc == 0 && mp_take(&r, MP_ARRAY, &item) && mp_take_uint(&r, MP_INT_MAX, &form);
    place.backup = good && form == FORM_BACKUP;
    if (good && form == FORM_HERE) {
        good = mp_take(&r, MP_BIN, &item) && (item.data.n == 0 || item.data.n == EVENT_HASH);
        if (good && item.data.n > 0) {
            place.machine_known = true;
            memcpy(place.machine, item.data.p, EVENT_HASH);
        }
        good = good && mp_take_uint(&r, MP_INT_MAX, &place.inode) && mp_take_uint(&r, MP_INT_MAX, &place.born) &&
               mp_take_uint(&r, MP_INT_MAX, &place.fs);
    }
    if (!good || (form != FORM_HERE && form != FORM_BACKUP) || r.p != r.end) {
        return err_set(err, ERR_CORRUPT, "the record '" PLACE_RECORD "' was changed");
    }
    *ret = place;
    return 0;
}

static int put(struct db_txn *txn, const struct place *place, struct err *err) {
    struct buf record = {.max = CURSOR_CHECK + CURSOR_VALUE_MAX};
    encode(&record, place);
    int rc = buf_check(&record, PLACE_RECORD, err);
    if (rc == 0) rc = db_put(txn, T_META, bytes_of(PLACE_RECORD), bytes_of_buf(&record), DB_PUT, err);
    buf_done(&record);
    return rc;
}

/* ---- judging ---- */

static bool differ(uint64_t a, uint64_t b) {
    return a != 0 && b != 0 && a != b;
}

void place_compare(const struct place *then, const struct place *now, struct place_standing *ret) {
    struct place_standing s = {.place = LOG_PLACE_HOME};
    s.known_machine = then->machine_known && now->machine_known;
    s.other_machine = s.known_machine && memcmp(then->machine, now->machine, EVENT_HASH) != 0;
    s.known_file = then->inode != 0 || now->inode != 0;
    s.other_file = then->inode != now->inode || differ(then->born, now->born) || differ(then->fs, now->fs);
    s.place = then->backup ? LOG_PLACE_BACKUP : s.other_machine || s.other_file ? LOG_PLACE_COPY : LOG_PLACE_HOME;
    *ret = s;
}

static int evidence_of(const struct ledger *ledger, struct db_txn *txn, char ret[FILE_PATH_MAX], struct err *err) {
    char base[FILE_PATH_MAX];
    int rc = core_path(ledger, "evidence", base, err);
    if (rc == 0) rc = generation_path(base, db_txn_generation(txn), ret, err);
    return rc;
}

int place_judge(const struct ledger *ledger, struct db_txn *txn, struct place_standing *ret, struct err *err) {
    char evidence[FILE_PATH_MAX];
    uint8_t secret[KEY_SECRET_LEN];
    struct place then, now;
    struct bytes record;
    int rc = db_get(txn, T_META, bytes_of(PLACE_RECORD), &record, err);
    if (rc == ERR_NOTFOUND) {
        *ret = (struct place_standing){.place = LOG_PLACE_UNKNOWN};
        return 0;
    }
    if (rc == 0) rc = place_decode(record, &then, err);
    if (rc == 0) rc = key_secret_look(txn, secret, err);
    if (rc == ERR_NOTFOUND) {
        rc = err_set(err, ERR_CORRUPT, "the record '" KEY_SECRET_RECORD "' is missing");
    }
    if (rc == 0) rc = evidence_of(ledger, txn, evidence, err);
    if (rc == 0) rc = place_of(evidence, secret, &now, err);
    if (rc == 0) {
        place_compare(&then, &now, ret);
    }
    crypt_wipe(secret, sizeof(secret));
    return rc;
}

int place_refuse(const struct place_standing *standing, struct err *err) {
    if (standing->place == LOG_PLACE_BACKUP) {
        return err_set(
            err, ERR_ROLLBACK,
            "this directory is a backup and takes no events: 'ledger restore' makes a ledger of it, under a new origin");
    }
    return standing->place != LOG_PLACE_COPY
               ? 0
               : err_set(err, ERR_ROLLBACK,
                         "this directory is a copy: the ledger was last appended to %s. Nothing is signed here. If it was "
                         "moved and the other one is gone: 'ledger append --moved'. If the other one is still used: "
                         "'ledger backup' "
                         "of this one and 'ledger restore', which continues under a new origin",
                         standing->other_machine ? "on another machine" : "in another file");
}

int log_place(struct ledger *ledger, enum log_place *ret, struct err *err) {
    struct place_standing standing;
    struct db_txn *txn;
    int rc = db_begin(ledger->evidence, false, &txn, err);
    if (rc != 0) return rc;
    rc = place_judge(ledger, txn, &standing, err);
    db_abort(txn);
    if (rc == 0) {
        *ret = standing.place;
    }
    return rc;
}

/* ---- writing ---- */

static int put_as(struct db_txn *txn, const char *evidence, struct err *err) {
    uint8_t secret[KEY_SECRET_LEN];
    struct place place;
    int rc = key_secret_make(txn, secret, err);
    if (rc == 0) rc = place_of(evidence, secret, &place, err);
    crypt_wipe(secret, sizeof(secret));
    if (rc == 0) rc = put(txn, &place, err);
    return rc;
}

int place_put(const struct ledger *ledger, struct db_txn *txn, struct err *err) {
    char evidence[FILE_PATH_MAX];
    int rc = evidence_of(ledger, txn, evidence, err);
    if (rc == 0) rc = put_as(txn, evidence, err);
    return rc;
}

/* A commit of its own. */
static int put_into(const struct ledger *ledger, const char *dir, struct err *err) {
    const struct db_options options = {
        .tables = core_table_names, .n_tables = CORE_TABLES, .map_bytes = ledger->config.map_bytes};
    struct db *copy = NULL;
    struct db_txn *in = NULL;
    int rc = db_open(dir, &options, &copy, err);
    if (rc == 0) rc = db_begin(copy, true, &in, err);
    if (rc == 0) rc = put_as(in, dir, err);
    rc = db_end(in, rc, err);
    db_close(copy);
    return rc;
}

int place_carry(const struct ledger *ledger, struct db_txn *txn, const char *dir, struct err *err) {
    struct place_standing standing;
    int rc = place_judge(ledger, txn, &standing, err);
    if (rc == 0) rc = place_refuse(&standing, err);
    if (rc == 0 && standing.place != LOG_PLACE_UNKNOWN) rc = put_into(ledger, dir, err);
    return rc;
}

int place_put_backup(struct ledger *ledger, struct err *err) {
    const struct place nowhere = {.backup = true};
    struct db_txn *txn;
    int rc = db_begin_reserved(ledger->evidence, &txn, err);
    if (rc != 0) return rc;
    rc = put(txn, &nowhere, err);
    return db_end(txn, rc, err);
}
