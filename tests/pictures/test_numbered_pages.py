"""Pages of PDF and TIFF, photos as HEIC, and the names of pictures that folders and patterns mean."""

import io
import os
import struct

import numpy as np
import pytest
from PIL import Image
from support.commands import output_of

from inkgrad.errors import DataError, PictureError
from inkgrad.pictures import Page, list_pictures, open_picture, page_numbers
from inkgrad.pictures.pdf import PdfSettings, draw_pdf_page, n_pdf_pages


def greys(n):
    """Return n pictures of different greys and sizes: the greater the number, the darker and wider."""
    return [Image.new("L", (60 + 10 * k, 40), 250 - 8 * k) for k in range(n)]


def saved(kind, pictures, **settings):
    file = io.BytesIO()
    pictures[0].save(file, kind, save_all=True, append_images=pictures[1:], **settings)
    return file.getvalue()


def pdf_of(body, trailer=""):
    """Return a PDF with these objects, the first of which is its catalogue."""
    raw, places = b"%PDF-1.7\n", []
    for number, each in enumerate(body, 1):
        places.append(len(raw))
        raw += f"{number} 0 obj\n{each}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    n, start = len(body) + 1, len(raw)
    end = f"xref\n0 {n}\n0000000000 65535 f \n{table}trailer\n<< /Size {n} /Root 1 0 R {trailer}>>"
    return raw + f"{end}\nstartxref\n{start}\n%%EOF\n".encode()


def empty_pages(box, n=1):
    kids = " ".join(f"{3 + k} 0 R" for k in range(n))
    pages = [f"<< /Type /Page /Parent 2 0 R /MediaBox [{box}] >>"] * n
    return ["<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {n} >>", *pages]


@pytest.fixture
def pdfium():
    return pytest.importorskip("pypdfium2", reason="pypdfium2, an extra, is not installed")


@pytest.fixture
def heif():
    return pytest.importorskip("pillow_heif", reason="pillow-heif, an extra, is not installed")


@pytest.fixture
def scans(tmp_path, monkeypatch):
    """A folder with a TIFF of five pages and a picture, where we are."""
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "b.tif").write_bytes(saved("TIFF", greys(5)))
    greys(1)[0].save(tmp_path / "scans" / "a.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "scans"


# TIFF.


def test_each_page_of_a_tiff_is_opened_by_its_number(scans):
    assert page_numbers("scans/b.tif") == [1, 2, 3, 4, 5]
    raw = (scans / "b.tif").read_bytes()
    for number, grey in enumerate(greys(5), 1):
        for page in (
            f"scans/b.tif#{number}",
            Page(scans / "b.tif", number),
            Page(raw, number),
            Page(open_file(raw), number),
        ):
            found = open_picture(page)
            assert (found.shape, found.max()) == ((grey.height, grey.width, 1), grey.getpixel((0, 0)))
    assert open_picture("scans/b.tif").shape == open_picture("scans/b.tif#1").shape


def open_file(raw):
    return io.BytesIO(raw)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("b.tif#6", r"^b\.tif#6: there is no page 6: the file has 5 pages, counted from 1$"),
        ("b.tif#0", "there is no page 0: the file has 5 pages"),
        ("a.png#2", "there is no page 2: the file has one page, number 1"),
    ],
)
def test_a_page_that_is_not_there_is_said_so(scans, monkeypatch, name, message):
    monkeypatch.chdir(scans)
    with pytest.raises(PictureError, match=message):
        open_picture(name)


def test_smaller_copies_in_a_tiff_are_no_pages():
    page, copy = greys(2)
    raw = io.BytesIO()
    page.save(raw, "TIFF", save_all=True, append_images=[copy], tiffinfo={254: 0})
    at = raw.getvalue().rindex(struct.pack("<HHI", 254, 4, 1))  # the tag of the last page: long, one value
    marked = bytearray(raw.getvalue())
    marked[at + 8 : at + 12] = struct.pack("<I", 1)
    assert page_numbers(raw.getvalue()) == [1, 2]
    assert page_numbers(bytes(marked)) == [1]


def test_each_page_of_a_tiff_is_as_large_as_it_may_be(scans):
    giant = saved("TIFF", [Image.new("1", (60, 40)), Image.new("1", (9_000, 9_000))], compression="group4")
    (scans / "giant.tif").write_bytes(giant)
    assert open_picture("scans/giant.tif").shape == (40, 60, 1)
    with pytest.raises(PictureError, match=r"giant\.tif#2 has more than 80,000,000 pixels"):
        open_picture("scans/giant.tif#2")


# PDF.


def test_each_page_of_a_pdf_is_drawn_by_its_number(pdfium, tmp_path):
    (tmp_path / "scan.pdf").write_bytes(saved("PDF", greys(30), resolution=300))
    assert page_numbers(tmp_path / "scan.pdf") == list(range(1, 31))
    for number in 1, 2, 30:
        grey = greys(30)[number - 1]
        found = open_picture(f"{tmp_path}/scan.pdf#{number}")
        assert found.shape == pytest.approx((grey.height, grey.width, 3), abs=1)
        assert abs(int(np.median(found)) - grey.getpixel((0, 0))) <= 2  # the page is a JPEG
    with pytest.raises(PictureError, match=r"scan\.pdf#31: there is no page 31: the file has 30 pages"):
        open_picture(f"{tmp_path}/scan.pdf#31")


@pytest.mark.parametrize("resolution", [72, 150, 600])
def test_a_scan_is_drawn_with_as_many_dots_as_were_scanned(pdfium, resolution):
    assert open_picture(saved("PDF", greys(1), resolution=resolution)).shape == pytest.approx((40, 60, 3), abs=1)


@pytest.mark.parametrize(
    ("box", "shape"),
    [
        ("0 0 595 842", (2059, 1455)),  # A4, in as many pixels as are read without being reduced
        ("0 0 144 72", (300, 600)),  # a slip, with 300 dots an inch
        ("0 0 3024 4032", (2000, 1500)),  # a photo, with a dot of paper for each of the camera's
    ],
)
def test_a_page_is_drawn_in_a_size_that_suits_reading(pdfium, box, shape):
    found = open_picture(pdf_of(empty_pages(box))).shape[:2]
    assert found == pytest.approx(shape, abs=2)
    assert found[0] * found[1] <= 3_010_000


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (
            b"%PDF-1.7\nnothing of it is there",
            "is a damaged PDF, or one without pages: save or print it to a PDF anew",
        ),
        (pdf_of(["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [] /Count 0 >>"]), "or one without pages"),
        (
            pdf_of(
                empty_pages("0 0 9 9"),
                f"/ID [<00><00>] /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{'41' * 32}> /U <{'42' * 32}> >>",
            ),
            "is a PDF that is locked with a password: save it without one first",
        ),
    ],
    ids=["damaged", "empty", "locked"],
)
def test_a_pdf_that_cannot_be_read_is_said_so(pdfium, raw, message):
    with pytest.raises(PictureError, match=f"^scan.pdf .*{message}"):
        open_picture(raw, "scan.pdf")
    assert page_numbers(raw) == [1]  # whoever opens that page is told


def test_a_pdf_of_too_many_pages_is_refused(pdfium):
    few = PdfSettings(most_pages=2)
    assert n_pdf_pages(io.BytesIO(pdf_of(empty_pages("0 0 9 9", 2))), "scan.pdf", few) == 2
    for counted in n_pdf_pages, lambda file, *rest: draw_pdf_page(file, 1, *rest):
        with pytest.raises(PictureError, match="says that it has 3 pages, and at most 2 are read: cut it into several"):
            counted(io.BytesIO(pdf_of(empty_pages("0 0 9 9", 3))), "scan.pdf", few)


def test_a_page_with_too_large_a_picture_on_it_is_refused(pdfium):
    raw, few = saved("PDF", greys(2)), PdfSettings(most_inside=2_400)
    assert draw_pdf_page(io.BytesIO(raw), 1, "scan.pdf", few).size == (60, 40)
    with pytest.raises(
        PictureError, match=r"^scan\.pdf: page 2 has a picture of more than 2,400 pixels: make it smaller"
    ):
        draw_pdf_page(io.BytesIO(raw), 2, "scan.pdf", few)
    with pytest.raises(PictureError, match="more than 2,399 pixels"):
        open_picture(raw, most_pixels=2_399)


def test_what_was_typed_into_the_fields_of_a_pdf_is_drawn(pdfium):
    stream = "/Tx BMC BT /F 12 Tf 2 6 Td (47) Tj ET EMC"
    pages = [
        "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] >> >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 60 20] /Annots [4 0 R] >>",
        "<< /Type /Annot /Subtype /Widget /FT /Tx /T (n) /V (47) /F 4 /Rect [0 0 60 20] /P 3 0 R /AP << /N 5 0 R >> >>",
        f"<< /Type /XObject /Subtype /Form /BBox [0 0 60 20] /Resources << /Font << /F 6 0 R >> >> "
        f"/Length {len(stream)} >>\nstream\n{stream}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    assert (open_picture(pdf_of(pages)) < 100).any()


def test_threads_draw_pages_without_disturbing_each_other(pdfium):
    from concurrent.futures import ThreadPoolExecutor

    raw = saved("PDF", greys(6), resolution=300)
    with ThreadPoolExecutor(4) as threads:
        widths = list(threads.map(lambda k: open_picture(Page(raw, k % 6 + 1)).shape[1], range(24)))
    assert widths == pytest.approx([60 + 10 * (k % 6) for k in range(24)], abs=1)


# HEIC.


def test_a_photo_is_opened_as_the_camera_was_held(heif):
    photo, file = Image.new("RGB", (120, 80), "white"), io.BytesIO()
    photo.paste("black", (0, 0, 40, 40))
    exif = Image.Exif()
    exif[274] = 6  # turned by a quarter, clockwise
    heif.from_pillow(photo).save(file, quality=90, exif=exif.tobytes())
    found = open_picture(file.getvalue())
    assert found.shape == (120, 80, 3)
    assert found[:40, 40:].max() < 60  # the black corner
    assert found[:40, :35].min() > 200
    with pytest.raises(PictureError, match="more than 9,599 pixels"):
        open_picture(file.getvalue(), most_pixels=9_599)


@pytest.mark.parametrize("n_bytes", [20, 60, 300])
def test_a_damaged_photo_is_said_so(heif, n_bytes):
    file = io.BytesIO()
    heif.from_pillow(Image.new("RGB", (120, 80))).save(file)
    with pytest.raises(PictureError, match=r"^photo\.heic is a damaged or impossible picture .*\)\Z"):
        open_picture(file.getvalue()[:n_bytes], "photo.heic")


def test_what_is_wrong_with_a_photo_is_said_in_one_line(heif):
    file = io.BytesIO()
    heif.from_pillow(Image.new("RGB", (120, 80))).save(file)
    raw, said = file.getvalue(), []
    at = raw.index(b"iloc") + 16
    for k in range(at, at + 12):  # one of them is how many pieces the photo has
        try:
            open_picture(raw[:k] + b"\xff" + raw[k + 1 :])
        except PictureError as error:
            said.append(str(error))
    assert said
    assert [message for message in said if "\n" in message] == []


# Names.


def test_a_folder_gives_each_page_and_other_files_as_they_are(scans):
    pages = [f"scans/b.tif#{number}" for number in range(1, 6)]
    assert list(list_pictures("scans")) == ["scans/a.png", *pages]
    assert list(list_pictures(["scans/b.tif#2", "scans/*.tif", scans / "a.png", "scans"])) == [
        "scans/b.tif#2",
        *(page for page in pages if page != "scans/b.tif#2"),
        str(scans / "a.png"),
    ]


def test_a_file_whose_own_name_looks_like_a_page_is_that_file(scans):
    os.rename(scans / "a.png", scans / "a.png#1")
    assert open_picture("scans/a.png#1").shape == (40, 60, 1)
    assert list(list_pictures("scans/a.png#1")) == ["scans/a.png#1"]


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ("nowhere", FileNotFoundError, "no such file or folder"),
        ("nowhere.pdf#3", FileNotFoundError, "no such file or folder"),
        ("scans/*.gif", DataError, r"no file fits scans/\*\.gif"),
        ("empty", DataError, r"no picture is in the folder empty \(\.png, \.jpg, \.jpeg, \.\.\.\)$"),
    ],
)
def test_what_names_no_picture_is_refused(scans, source, error, message):
    (scans.parent / "empty").mkdir()
    with pytest.raises(error, match=message):
        list(list_pictures(source))


def test_what_reads_pdf_and_heic_is_imported_only_for_them():
    program = "import sys, inkgrad.pictures; print({'pypdfium2', 'pillow_heif'} & set(sys.modules))"
    assert output_of(program) == "set()\n"
