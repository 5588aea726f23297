import unittest


class Outcomes(unittest.TestCase):
    def test_passes(self):
        self.assertEqual(1, 1)

    def test_fails(self):
        self.assertEqual(1, 2)

    @unittest.skip("not here")
    def test_skips(self):
        raise ValueError

    @unittest.expectedFailure
    def test_fails_as_expected(self):
        self.fail()

    @unittest.expectedFailure
    def test_succeeds_unexpectedly(self):
        pass

    def test_subtest_fails(self):
        for number in range(4):
            with self.subTest(number=number):
                self.assertNotEqual(number, 1)

    def test_subtests_pass(self):
        for number in range(4):
            with self.subTest(number=number):
                pass


class SkipsInSetUp(unittest.TestCase):
    def setUp(self):
        self.skipTest("no such device")

    def test_never_runs(self):
        raise ValueError


class ClassBreaks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise ValueError("for all of them")

    def test_one(self):
        pass

    def test_two(self):
        pass


class TearDownBreaks(unittest.TestCase):
    def tearDown(self):
        raise ValueError("after")

    def test_passes_before(self):
        pass
