/* offline.c - the file of a month's secret key, under a passphrase.
 *
 *     aduan sealing key 1
 *     number 2
 *     public HEX
 *     secret OPS MEMORY SALT NONCE BOX
 *
 * BOX is the secret half in a secretbox, its key argon2id of the passphrase with OPS, MEMORY (bytes) and SALT.
 */
#include "identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MOST 4096
#define BOX_LEN   (crypto_secretbox_MACBYTES + crypto_box_SECRETKEYBYTES)
/* Moderate: 256 MiB, most of a second.  A file that asks for more than this machine has is refused by libsodium. */
#define OPS    crypto_pwhash_OPSLIMIT_MODERATE
#define MEMORY crypto_pwhash_MEMLIMIT_MODERATE

static int derive (uint8_t *key, const char *passphrase, const uint8_t *salt, uint64_t ops,
                   uint64_t memory)
{
    return crypto_pwhash (key, crypto_secretbox_KEYBYTES, passphrase, strlen (passphrase), salt,
                          ops, (size_t) memory, crypto_pwhash_ALG_ARGON2ID13);
}

int offline_write (const char *path, const struct offline *offline, const char *passphrase)
{
    uint8_t salt[crypto_pwhash_SALTBYTES], nonce[crypto_secretbox_NONCEBYTES], box[BOX_LEN];
    uint8_t *key = sodium_malloc (crypto_secretbox_KEYBYTES);
    check (key);
    if (access (path, F_OK) == 0) {
        sodium_free (key);
        return FAIL_BUSY;
    }
    randombytes_buf (salt, sizeof salt);
    randombytes_buf (nonce, sizeof nonce);
    if (derive (key, passphrase, salt, OPS, MEMORY) != 0) {
        sodium_free (key);
        return FAIL_IO;
    }
    crypto_secretbox_easy (box, offline->secret, crypto_box_SECRETKEYBYTES, nonce, key);
    sodium_free (key);
    char *text =
        xformat ("aduan sealing key 1\nnumber %" PRIu32 "\npublic %s\nsecret %llu %zu %s %s %s\n",
                 offline->number, hex_text (offline->public_key, sizeof offline->public_key),
                 (unsigned long long) OPS, (size_t) MEMORY, hex_text (salt, sizeof salt),
                 hex_text (nonce, sizeof nonce), hex_text (box, sizeof box));
    int result = file_write (path, text, strlen (text), 0600);
    free (text);
    return result;
}

struct locked {
    uint64_t ops, memory;
    uint8_t salt[crypto_pwhash_SALTBYTES], nonce[crypto_secretbox_NONCEBYTES], box[BOX_LEN];
};

static int read_file (const char *path, struct offline *ret, struct locked *ret_locked)
{
    char public_key[65], salt[2 * crypto_pwhash_SALTBYTES + 1],
        nonce[2 * crypto_secretbox_NONCEBYTES + 1], box[2 * BOX_LEN + 1], *text = NULL;
    size_t len = 0;
    struct stat status;
    if (stat (path, &status) != 0 || file_read (path, FILE_MOST, &text, &len) != 0)
        return FAIL_ABSENT;
    int count =
        sscanf (text,
                "aduan sealing key 1\nnumber %" SCNu32 "\npublic %64s\nsecret %" SCNu64 " %" SCNu64
                " %32s %48s %96s",
                &ret->number, public_key, &ret_locked->ops, &ret_locked->memory, salt, nonce, box);
    free (text);
    if (count != 7 || status.st_mode & (S_IRWXG | S_IRWXO) ||
        hex_parse (public_key, ret->public_key, sizeof ret->public_key) != 0 ||
        hex_parse (salt, ret_locked->salt, sizeof ret_locked->salt) != 0 ||
        hex_parse (nonce, ret_locked->nonce, sizeof ret_locked->nonce) != 0 ||
        hex_parse (box, ret_locked->box, sizeof ret_locked->box) != 0)
        return FAIL_MALFORMED;
    return 0;
}

int offline_read (const char *path, struct offline *ret)
{
    struct locked locked;
    return read_file (path, ret, &locked);
}

int offline_open (const char *path, const char *passphrase, struct offline *offline)
{
    struct locked locked;
    uint8_t public_key[crypto_box_PUBLICKEYBYTES];
    int result = read_file (path, offline, &locked);
    if (result != 0)
        return result;
    uint8_t *key = sodium_malloc (crypto_secretbox_KEYBYTES);
    offline->secret = sodium_malloc (crypto_box_SECRETKEYBYTES);
    check (key && offline->secret);
    if (derive (key, passphrase, locked.salt, locked.ops, locked.memory) != 0 ||
        crypto_secretbox_open_easy (offline->secret, locked.box, BOX_LEN, locked.nonce, key) != 0 ||
        crypto_scalarmult_base (public_key, offline->secret) != 0 ||
        sodium_memcmp (public_key, offline->public_key, sizeof public_key) != 0)
        result = FAIL_MALFORMED;
    sodium_free (key);
    if (result != 0)
        offline_close (offline);
    return result;
}

void offline_close (struct offline *offline)
{
    sodium_free (offline->secret);
    offline->secret = NULL;
}
