//! Nested values as Parquet keeps them: a column's values in a row, with levels that say where each belongs (Dremel:
//! Melnik et al., VLDB 2010, section 4).

/// The values of a column and their levels.
#[derive(Debug)]
pub(super) struct Levels<T> {
    pub(super) values: Vec<T>,
    /// For each place, how many of the optional and repeated groups around it are there.
    pub(super) definition: Vec<i16>,
    /// For each place, at which list it begins anew; 0 for a new row.
    pub(super) repetition: Vec<i16>,
}

impl<T> Default for Levels<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            definition: Vec::new(),
            repetition: Vec::new(),
        }
    }
}

impl<T> Levels<T> {
    /// A value.
    pub(super) fn value(&mut self, repetition: i16, definition: i16, value: T) {
        self.values.push(value);
        self.nothing(repetition, definition);
    }

    /// A place without a value.
    pub(super) fn nothing(&mut self, repetition: i16, definition: i16) {
        self.definition.push(definition);
        self.repetition.push(repetition);
    }

    /// A list of the row: `each` adds an element, given its repetition level. An empty list is a place, too.
    pub(super) fn list<E>(
        &mut self,
        elements: impl IntoIterator<Item = E>,
        mut each: impl FnMut(&mut Self, i16, E),
    ) {
        let mut is_empty = true;
        for element in elements {
            each(self, i16::from(!is_empty), element);
            is_empty = false;
        }
        if is_empty {
            self.nothing(0, 0);
        }
    }
}
