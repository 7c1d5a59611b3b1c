"""Films as telephones write them, with a mark in every place that knows one, and boxes by hand (ISO 14496-12).

    film()                             # H.264 and AAC, two seconds, MP4
    film(codec="libx265", kind="mov")
    marked(film(...), mark)            # and in udta, meta, uuid, free, handlers, units of the stream
    probe(data)                        # what ffprobe finds
"""
import json
import os
import struct
import subprocess
import tempfile

from heif import box, full


def run(*command, data=None):
    return subprocess.run(command, input=data, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def film(mark="", codec="libx264", sound="aac", kind="mp4", seconds=2, turn=None, options=(), coder_says=False):
    """With a mark: in the film's and its tracks' words, a chapter, a line of subtitles, a cover, a time code, SEI."""
    with tempfile.TemporaryDirectory() as folder:
        def path(name, text=None):
            if text is not None:
                with open(os.path.join(folder, name), "w", encoding="ascii") as file:
                    file.write(text)
            return os.path.join(folder, name)
        target = path(f"film.{kind}")
        command = ["ffmpeg", "-y", "-f", "lavfi", "-i", f"testsrc=d={seconds}:s=160x120:r=10"]
        if sound:
            command += ["-f", "lavfi", "-i", f"sine=d={seconds}:r=8000"]
        if mark:
            words = path("words", f";FFMETADATA1\ntitle={mark}\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\ntitle={mark} bab\n")
            lines = path("lines.srt", f"1\n00:00:00,000 --> 00:00:01,000\n{mark}\n")
            maps = [*(["-map", "1:a"] if sound else []), "-map", f"{2 if sound else 1}:s"]
            command += ["-i", lines, "-f", "ffmetadata", "-i", words, "-map", "0:v", *maps, "-map_metadata", str(3 if sound else 2),
                        "-map_chapters", str(3 if sound else 2), "-c:s", "mov_text", "-movflags", "use_metadata_tags", "-timecode", "01:02:03:04"]
            for key in ("make", "model", "comment", "location", "location-eng", "com.apple.quicktime.model", "com.apple.quicktime.location.ISO6709"):
                command += ["-metadata", f"{key}={mark} -06.9825+110.4093/"]
            command += ["-metadata", "creation_time=2026-11-27T06:07:08Z", "-metadata:s:v", f"handler_name={mark}", "-metadata:s:v", f"title={mark}",
                        "-metadata:s:v", f"encoder={mark}"]
            if codec == "libx264":
                command += ["-bsf:v", f"h264_metadata=sei_user_data=086f3693b7b34f2c965321492feee5b8+{mark}"]
        if sound:
            command += ["-c:a", sound, *([] if coder_says else ["-flags:a", "+bitexact"])]  # its coder says its name within the sound
        run(*command, "-c:v", codec, "-g", "5", *options, target)
        if turn is not None:
            whole, target = target, path(f"turned.{kind}")
            run("ffmpeg", "-i", whole, "-map", "0", "-map", "-0:d?", "-c", "copy", "-movflags", "use_metadata_tags", "-metadata:s:v", f"rotate={turn}", target)
        with open(target, "rb") as file:
            return file.read()


def boxes(data):
    """(name, where it begins, where it ends) of each."""
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack(">I4s", data[at:at + 8])
        end = len(data) if size == 0 else at + (struct.unpack(">Q", data[at + 8:at + 16])[0] if size == 1 else size)
        yield name, at, end
        at = end


def within(data, path, more):
    """`more` at the end of the first box at `path`.  What follows it moves: its film's pictures must lie before."""
    if not path:
        return data + more
    for name, at, end in boxes(data):
        if name == path[0]:
            inside = within(data[at + 8:end], path[1:], more)
            return data[:at] + struct.pack(">I4s", len(inside) + 8, name) + inside + data[end:]
    raise ValueError(path)


def marked(data, mark):
    """By hand what ffmpeg does not write."""
    mark = mark.encode()
    text = struct.pack(">HH", len(mark), 0x15C7) + mark
    udta = box(b"udta", box(b"\xa9xyz", text), box(b"\xa9mak", text), box(b"\xa9mod", text), box(b"SDLN", mark), box(b"smrd", mark),
               full(b"loci", 0, b"\x15\xc7", mark + b"\0", bytes(13)), full(b"auth", 0, b"\x15\xc7", mark + b"\0"))
    meta = full(b"meta", 0, full(b"hdlr", 0, b"\0\0\0\0mdta" + bytes(13)), full(b"keys", 0, struct.pack(">I", 1), box(b"mdta", mark)),
                box(b"ilst", box(b"\0\0\0\1", full(b"data", 0, b"\0\0\0\0", mark, flags=1))))
    for path in ((b"moov", b"trak", b"mdia", b"minf"), (b"moov", b"trak"), (b"moov",)):
        data = within(data, path, udta + meta + box(b"uuid", bytes(16), mark) + box(b"free", mark))
    return data + box(b"uuid", bytes(16), mark) + box(b"free", mark) + meta + box(b"sefd", mark)


def probe(data):
    """Streams, format, chapters, and the packets of each stream."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return json.loads(run("ffprobe", "-show_streams", "-show_format", "-show_chapters", "-count_packets", "-of", "json", file.name))


def plays(data):
    """Whether all of it decodes without a word of complaint."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        done = subprocess.run(["ffmpeg", "-v", "error", "-i", file.name, "-f", "null", "-"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.returncode == 0 and not done.stdout
