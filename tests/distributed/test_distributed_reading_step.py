"""Reading as a step of somebody's own Ray Dataset."""

import pyarrow as pa
import pytest
from support.many_pictures import write_pictures

from inkgrad.distributed import ReadPictures
from inkgrad.errors import SettingError
from inkgrad.reader import Reader


@pytest.fixture(scope="module")
def scans(digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scans")
    paths = write_pictures(folder, 12, digits.test)
    paths[5].write_bytes(b"no picture")
    return paths


@pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")  # of its own settings
def test_a_ray_dataset_of_pictures_gets_their_text(scans, local_ray):
    from ray.data import read_binary_files

    dataset = read_binary_files([str(path) for path in scans], include_paths=True)
    rows = dataset.map_batches(ReadPictures, batch_format="pyarrow", concurrency=2).take_all()
    reader = Reader()
    wanted = {str(path): reader.read(path).text for path in scans if path != scans[5]}
    assert {row["path"]: row["text"] for row in rows if row["path"] != str(scans[5])} == wanted
    (bad,) = (row for row in rows if row["path"] == str(scans[5]))
    assert bad["text"] is None
    assert "the picture" in bad["reason"]


def test_paths_will_do_and_other_columns_stay(scans):
    table = pa.table({"page": [7], "scan": [str(scans[0])]})
    (row,) = ReadPictures("scan", threshold=0)(table).to_pylist()
    assert (row["page"], row["text"]) == (7, Reader(threshold=0).read(scans[0]).text)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"image": [b""]}, "there is no column 'bytes' of pictures, only image"),
        ({"bytes": [b""], "text": ["mine"]}, "the columns text are there already: rename them"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(columns, message):
    with pytest.raises(SettingError, match=message):
        ReadPictures()(pa.table(columns))
