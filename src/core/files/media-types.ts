/** What research data comes as, and what a browser shows; anything else is just bytes. A type and its extensions, line by line. */
const TABLE = `
text/plain txt log
text/markdown md
text/csv csv
text/tab-separated-values tsv
text/html html htm
text/css css
text/javascript js mjs
text/x-python py
text/x-r r
text/x-c c h
application/json json
application/geo+json geojson
application/ld+json jsonld
application/xml xml
application/yaml yaml yml
application/pdf pdf
application/rtf rtf
application/x-tex tex
application/x-bibtex bib
application/x-sh sh
application/x-ipynb+json ipynb
application/msword doc
application/vnd.openxmlformats-officedocument.wordprocessingml.document docx
application/vnd.ms-excel xls
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet xlsx
application/vnd.ms-powerpoint ppt
application/vnd.openxmlformats-officedocument.presentationml.presentation pptx
application/vnd.oasis.opendocument.text odt
application/vnd.oasis.opendocument.spreadsheet ods
image/png png
image/jpeg jpg jpeg
image/gif gif
image/webp webp
image/avif avif
image/svg+xml svg
image/bmp bmp
image/tiff tif tiff
image/x-icon ico
audio/mpeg mp3
audio/wav wav
audio/flac flac
audio/ogg ogg
video/mp4 mp4
video/webm webm
video/quicktime mov
application/zip zip
application/gzip gz tgz
application/x-tar tar
application/x-bzip2 bz2
application/x-xz xz
application/x-7z-compressed 7z
application/zstd zst
application/x-hdf5 h5 hdf5
application/x-netcdf nc
application/vnd.apache.parquet parquet
application/vnd.sqlite3 sqlite
application/dicom dcm
`;

const BY_EXTENSION: ReadonlyMap<string, string> = new Map(
  TABLE.trim()
    .split("\n")
    .flatMap(line => {
      const [type = "", ...extensions] = line.split(" ");
      return extensions.map(extension => [extension, type] as const);
    }),
);

export const UNKNOWN_TYPE = "application/octet-stream";

export const mediaTypeOf = (name: string): string =>
  BY_EXTENSION.get(/\.([A-Za-z0-9]+)$/.exec(name)?.[1]?.toLowerCase() ?? "") ?? UNKNOWN_TYPE;
